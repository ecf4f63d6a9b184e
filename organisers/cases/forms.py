"""Forms of a case: its page, its safety, the people held, the dated events."""

from typing import Any, Self

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField, ValidationError
from wtforms.validators import InputRequired, Optional

from cases.models import Case, CaseStatus, EventKind
from core import languages
from core.currencies import CURRENCIES
from core.money import Money, from_major
from organisers.fields import Choice, Day, OfficeForm, country, goal, line, name, slug, text, web_address, yes_no

STATUSES = {
    CaseStatus.DRAFT: _l("Draft: only the office sees it"),
    CaseStatus.ACTIVE: _l("Active: public, takes gifts if it has a fund"),
    CaseStatus.WON: _l("Won: public, marked as a victory"),
    CaseStatus.CLOSED: _l("Closed: public, takes no gifts"),
}
KINDS = {
    EventKind.ARREST: _l("Arrest"), EventKind.TRIAL: _l("Trial"), EventKind.APPEAL: _l("Appeal"),
    EventKind.RELEASE: _l("Release"), EventKind.PROTEST: _l("Protest"), EventKind.PRESS: _l("Press report"),
    EventKind.MESSAGE: _l("Message"), EventKind.OTHER: _l("Something else"),
}  # fmt: skip
RESERVED = ("wall",)  # /donate/wall
LARGEST_GOAL = 2_000_000  # in whole units: three-decimal currencies must still fit the column


def language_choices() -> list[tuple[str, str]]:
    return [(code, languages.name_of(code)) for code in languages.declared()]


def _pairs(table: dict[Any, Any]) -> list[tuple[str, Any]]:
    return [(key.value, label) for key, label in table.items()]


class CaseForm(OfficeForm):
    """A case; the slug may change only while it is a draft, and what was public cannot become a draft again."""

    title = line(_l("Title"), 160, _l("Give the case a title."))
    slug = slug()
    lede = text(_l("In two sentences"), 600)
    story = text(_l("The story"), 20_000)
    place = line(_l("Place"), 120)
    country = country(_l("State concerned"), _l("Choose the state that the case is about."))
    language = Choice(_l("Language of the texts"), choices=language_choices, default="en")
    status = Choice(_l("Status"), choices=_pairs(STATUSES), default=CaseStatus.DRAFT.value)
    urgency = line(_l("Why now, in a few words"), 60)
    fund_title = line(_l("Name of the fund"), 160)
    fund_text = text(_l("What the fund pays for"), 4_000)
    fund_goal = goal(_l("Goal of the fund, in whole units"), LARGEST_GOAL)
    fund_currency = Choice(_l("Currency"), choices=[(code, code) for code in CURRENCIES], default="EUR")

    @classmethod
    def of(cls, case: Case) -> Self:
        """The form of an existing case."""
        form = cls(obj=case)
        if not form.is_typed() and case.fund_goal:
            form.fund_goal.data = int(Money(case.fund_goal, case.fund_currency).major)
        if case.status != CaseStatus.DRAFT:
            del form.slug
            form.status.choices = _pairs(STATUSES)[1:]
        return form

    def validate_slug(self, field: StringField) -> None:
        if field.data in RESERVED:
            raise ValidationError(_("This address is taken by a page of the site. Choose another one."))

    def values(self) -> dict[str, Any]:
        """Columns of Case."""
        values = super().values()
        if values["fund_goal"]:
            values["fund_goal"] = from_major(values["fund_goal"], values["fund_currency"]).minor
        return {**values, "status": CaseStatus(values["status"])}


class SafetyForm(OfficeForm):
    endangers = yes_no(_l("Could a signature endanger people who live under the state concerned?"))
    agreed = yes_no(_l("Have the people held, their family or their lawyer agreed to a public campaign?"))
    reprisals = yes_no(_l("Have people been punished for supporting this case?"))
    note = text(_l("What the answers rest on"), 4_000, _l("Say in a sentence what the answers rest on."))


class PersonForm(OfficeForm):
    name = name(_l("Name"), 120, _l("Write the person's name."))
    other_spellings = text(_l("Other spellings of the name"), 1_000)
    about = line(_l("Who this is"), 200)
    charge = line(_l("Charge"), 200)
    sentence = line(_l("Sentence"), 120)
    held_at = line(_l("Where held"), 120)
    release_due = Day(_l("Release due"), [Optional()])
    released_on = Day(_l("Released on"), [Optional()])


class EventForm(OfficeForm):
    kind = Choice(_l("What happened"), choices=_pairs(KINDS))
    happened_on = Day(_l("Date"), [InputRequired(_l("Write the date, like 2010-05-06."))])
    title = line(_l("Headline"), 160, _l("Write a headline."))
    body = text(_l("Report"), 10_000)
    source = line(_l("Who says so"), 160)
    source_url = line(_l("Web address of the source"), 500)

    def values(self) -> dict[str, Any]:
        """Columns of Event."""
        return {**super().values(), "kind": EventKind(self.kind.data)}

    def validate_source_url(self, field: StringField) -> None:
        web_address(field)
