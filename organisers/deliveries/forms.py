"""Forms of a delivery: what is asked for, and why one is refused."""

from collections.abc import Iterable
from typing import Any, Self

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, PasswordField, SelectMultipleField, StringField, ValidationError
from wtforms.validators import InputRequired, NumberRange, Optional
from wtforms.widgets import CheckboxInput

from core import clock, countries, languages
from core.forms import Clean
from core.text import clean_line
from deliveries import asking
from deliveries.asking import Wishes
from deliveries.columns import ALWAYS, COLUMNS
from deliveries.formats import FORMATS
from deliveries.models import Delivery
from deliveries.states import Protection
from deliveries.wishes import KEPT, LONGEST_KEPT
from organisers.answers import previewed
from organisers.deliveries import services, words
from organisers.fields import Choice, Day, OfficeForm, Radios, Whole, line
from petitions.counting import tallies
from petitions.models import Petition
from petitions.versions import translations

DAYS = _l("Write a number of days from 1 to %(most)s.", most=LONGEST_KEPT)
USUAL_FORMATS, USUAL_COLUMNS = ["csv", "xlsx"], ["role", "affiliation", "country", "signed_on"]


class Boxes(SelectMultipleField):
    """Several of a list, each a box to tick."""

    option_widget = CheckboxInput()

    def pre_validate(self, form: Any) -> None:
        try:
            super().pre_validate(form)
        except ValidationError:
            raise ValidationError(_("Tick only what stands in the list.")) from None


class DeliveryForm(OfficeForm):
    """What one recipient is to be given of whom, and how the pack is closed."""

    recipient = Choice(_l("For whom"))
    language = Choice(_l("Language of the letter and its sheets"))
    formats = Boxes(_l("File types of the list"))
    columns = Boxes(_l("What stands in a line besides number and name"))
    since = Choice(_l("Who is on it"), default="")
    countries = Boxes(_l("Only signatories from these countries"))
    notable_first = BooleanField(_l("Notable signatories and organisations first"), default=True)
    count_only = BooleanField(_l("Only the number, without a list of names"))
    purpose = line(
        _l("What the recipient is given it for"), 500, _l("Write in a sentence what the recipient may use it for.")
    )
    delete_by = Day(_l("To be deleted by (optional)"), [Optional()])
    kept_days = Whole(
        _l("Days for which the pack can be fetched"),
        [InputRequired(DAYS), NumberRange(1, LONGEST_KEPT, DAYS)],
        default=KEPT,
    )
    protection = Radios(
        _l("How the pack is closed"), [InputRequired(_l("Choose one of these."))], default=Protection.NONE.value,
        choices=[(key.value, label) for key, label in words.PROTECTIONS.items()],
    )  # fmt: skip
    password = PasswordField(_l("Password of the pack"))
    again = PasswordField(_l("Password once more"))
    age_recipient = StringField(_l("The recipient’s age key"), [Clean(clean_line, 100)])

    @classmethod
    def of(cls, petition: Petition) -> Self:
        """The form of a petition: its recipients and languages, the countries that occur, what was delivered before."""
        form = cls()
        if not form.is_typed():
            form.formats.data, form.columns.data, form.purpose.data = USUAL_FORMATS, USUAL_COLUMNS, words.purpose()
        form.recipient.choices = [
            (str(one.id), words.called(one.name, one.organisation)) for one in petition.recipients
        ]
        form.language.choices = [(code, languages.name_of(code)) for code in _languages(petition)]
        form.formats.choices = [(key, one.label) for key, one in FORMATS.items()]
        form.columns.choices = [(key, column.label) for key, column in COLUMNS.items() if key not in ALWAYS]
        form.countries.choices = _named(tallies.numbers(petition.id).by_country)
        form.since.choices = [("", _("Everybody who agreed")), *words.since_choices(services.earlier(petition))]
        return form

    def wishes(self, petition: Petition) -> Wishes:
        """What a delivery is asked for with; only of a form that holds."""
        [recipient] = [one for one in petition.recipients if str(one.id) == self.recipient.data]
        chosen, formats = {*ALWAYS, *(self.columns.data or [])}, tuple(self.formats.data or [])
        protection = Protection(self.protection.data)
        return Wishes(
            recipient=recipient, language=self.language.data, formats=() if self.count_only.data else formats,
            columns=tuple(key for key in COLUMNS if key in chosen), countries=tuple(self.countries.data or []),
            since=_earlier(petition, self.since.data), notable_first=bool(self.notable_first.data),
            count_only=bool(self.count_only.data), purpose=self.purpose.data or "", delete_by=self.delete_by.data,
            protection=protection, age_recipient=(self.age_recipient.data or "") if protection == Protection.AGE else "",
            kept_days=self.kept_days.data or 0,
            password=(self.password.data or "") if protection == Protection.PASSWORD else "",
        )  # fmt: skip

    def validate_formats(self, field: Boxes) -> None:
        if not field.data and not self.count_only.data:
            raise ValidationError(_("Tick at least one file type, or choose to give only the number."))

    def validate_delete_by(self, field: Day) -> None:
        if field.data and field.data <= clock.now().date():
            raise ValidationError(_("Choose a day that is still to come."))

    def validate_again(self, field: PasswordField) -> None:
        """A preview asks for no password: a browser gives none back, so it is typed last."""
        closed = self.protection.data == Protection.PASSWORD
        if closed and not previewed() and field.data != self.password.data:
            raise ValidationError(_("The two are not the same: type both again."))


class RefusalForm(OfficeForm):
    reason = line(_l("Why not"), 500, _l("Write why, so that whoever asked knows what to change."))


def _languages(petition: Petition) -> list[str]:
    return [petition.language, *(one.language for one in translations.list_of(petition))]


def _named(codes: Iterable[str]) -> list[tuple[str, str]]:
    return sorted(((code, countries.name_of(code)) for code in codes), key=lambda pair: pair[1])


def _earlier(petition: Petition, typed: str) -> Delivery | None:
    return asking.get(petition, int(typed)) if typed else None
