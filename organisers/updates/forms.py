"""Forms of an update: its text in a language, whom it goes to, when."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField, ValidationError
from wtforms.validators import Optional

from core import clock
from organisers.fields import LocalMoment, OfficeForm, Radios, country, line, text
from organisers.petitions.forms import SHOWN_AS
from petitions.models import Petition
from petitions.updates.models import Audience, Update

NEUTRAL = _l("News that you asked for")
LONGEST = 20_000
AUDIENCES = {
    Audience.SIGNATORIES: _l("Those who signed this petition and asked for news"),
    Audience.DONORS: _l("Those who gave to the fund of this case and asked for news"),
    Audience.EVERYBODY: _l("Both; who signed and gave gets it once"),
}


class UpdateForm(OfficeForm):
    """The original text, and whom it goes to."""

    subject = line(_l("Subject"), 120, _l("Write a subject."))
    body = text(_l("Text"), LONGEST, _l("Write the text."))
    audience = Radios(_l("Who gets it"), choices=list(AUDIENCES.items()), default=Audience.SIGNATORIES)
    country = country(_l("Only from one country"))
    headline = line(_l("Headline on the page of the case"), 160)

    def validate_country(self, field: StringField) -> None:
        if field.data and self.audience.data != Audience.SIGNATORIES:
            raise ValidationError(_("Nobody knows from where donors come: choose a country for signatories only."))

    @classmethod
    def of(cls, found: Update) -> "UpdateForm":
        shown = {**found.original, "audience": found.audience.value, "country": found.country}
        return cls(data={**shown, "headline": found.headline})

    @classmethod
    def fresh(cls) -> "UpdateForm":
        return cls(data={"subject": str(NEUTRAL)})


class TextForm(OfficeForm):
    """Its text in one more language; both empty: not in this language any more."""

    subject = line(_l("Subject"), 120)
    body = text(_l("Text"), LONGEST)

    def validate_subject(self, field: StringField) -> None:
        if not field.data and self.body.data:
            raise ValidationError(_("Write a subject too."))

    def validate_body(self, field: StringField) -> None:
        if not field.data and self.subject.data:
            raise ValidationError(_("Write the text too, or empty the subject to have none in this language."))


class SendForm(OfficeForm):
    """When; empty: now. The time is meant in the petition's zone."""

    starts_at = LocalMoment(_l("Not before"), [Optional()], format=SHOWN_AS)
    zone = "UTC"

    @classmethod
    def of(cls, petition: Petition) -> "SendForm":
        form = cls()
        form.zone = petition.time_zone
        return form

    def moment(self) -> datetime | None:
        local = self.starts_at.data
        return local.replace(tzinfo=ZoneInfo(self.zone)).astimezone(UTC) if local else None

    def validate_starts_at(self, field: LocalMoment) -> None:
        moment = self.moment()
        if moment and moment <= clock.now():
            raise ValidationError(_("This moment has passed. Choose a later one, or leave it empty to send it now."))


def language_name(code: str) -> str:
    """A language by its own name."""
    known: Any = Locale.parse(code)
    return str(known.get_display_name(known) or code)
