"""Forms of a petition: its page, its recipients."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Self
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale
from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField, ValidationError
from wtforms.validators import InputRequired, Optional

from core import clock
from organisers.fields import Choice, LocalMoment, OfficeForm, country, goal, line, name, slug, text
from petitions import deadlines
from petitions.models import Petition, Recipient
from petitions.states import PetitionState
from petitions.versions import services as versions

SOURCE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)
LONGEST_SOURCE, MOST_SOURCES = 40, 50
ENDED = frozenset(deadlines.ENDED) - {PetitionState.CLOSED}  # a closed one may open again, and needs its times for that
REASON, LONGEST_REASON = _l("Why the text changes"), 1_000
SHOWN_AS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
ZONES = sorted(zone for zone in available_timezones() if "/" in zone or zone == "UTC")


def language_choices() -> list[tuple[str, str]]:
    """The languages that this site's pages and mails exist in."""
    locales: list[Locale] = current_app.extensions["babel"].instance.list_translations()
    return [(str(locale), locale.get_display_name(locale) or str(locale)) for locale in locales]


class PetitionForm(OfficeForm):
    """A petition; slug and who may sign change only while it is a draft. Times are meant in the chosen zone."""

    title = line(_l("Title"), 160, _l("Give the petition a title."))
    slug = slug()
    ask = text(_l("What it asks for, in a sentence or two"), 1_000)
    letter = text(_l("The letter"), 20_000)
    first_signatory = name(_l("First signatory"), 120)
    first_signatory_role = line(_l("Role of the first signatory"), 200)
    goal = goal(_l("Goal"), 10_000_000)
    time_zone = Choice(_l("Time zone"), choices=[(zone, zone.replace("_", " ")) for zone in ZONES], default="UTC")
    opens_at = LocalMoment(_l("Opens"), [Optional()], format=SHOWN_AS)
    closes_at = LocalMoment(_l("Closes"), [Optional()], format=SHOWN_AS)
    language = Choice(_l("Language of the letter"), choices=language_choices, default="en")
    sources = text(_l("Source codes"), 2_000)
    invited_only = BooleanField(_l("A closed letter: only people whom I invite sign it"))
    reason = text(REASON, LONGEST_REASON)
    known: Mapping[tuple[str | None, datetime | None], datetime | None] = {}

    @classmethod
    def fresh(cls) -> Self:
        """The form of a petition that is not there yet."""
        form = cls()
        del form.reason
        return form

    @classmethod
    def of(cls, petition: Petition) -> Self:
        """The form of an existing petition, its times in its own zone; with a reason where people have signed its text."""
        form, zone = cls(obj=petition), ZoneInfo(petition.time_zone)
        times = (petition.opens_at, petition.closes_at)
        form.known = {(petition.time_zone, _local(moment, zone)): moment for moment in times}
        if not form.is_typed():
            form.opens_at.data, form.closes_at.data = _local(petition.opens_at, zone), _local(petition.closes_at, zone)
            form.sources.data = " ".join(petition.sources)
        if petition.state == PetitionState.SCHEDULED:
            form.opens_at.validators = [
                InputRequired(_("Give the time at which it opens, or take it back to a draft first."))
            ]
        if petition.state != PetitionState.DRAFT:
            del form.slug, form.invited_only
        if not versions.signed(petition):
            del form.reason
        if petition.state in ENDED:  # the promised clocks of deletion count from its closing
            del form.opens_at, form.closes_at
        return form

    def values(self) -> dict[str, Any]:
        """Columns of Petition, and the reason for the change where one may be due."""
        values = super().values()
        times: dict[str, Any] = {key: self._moment(values[key]) for key in ("opens_at", "closes_at") if key in values}
        return {**values, **times, "sources": _codes(values["sources"])}

    def _moment(self, local: datetime | None) -> datetime | None:
        """The moment in UTC, of an hour that clocks show twice the earlier; what was not touched keeps its seconds."""
        known = self.known.get((self.time_zone.data, local))
        if known or local is None:
            return known
        return local.replace(tzinfo=ZoneInfo(self.time_zone.data)).astimezone(UTC)

    def validate_opens_at(self, field: LocalMoment) -> None:
        if field.data and not self.time_zone.errors and not _exists(field.data, ZoneInfo(self.time_zone.data)):
            raise ValidationError(_("Clocks are put forward over that hour: choose an earlier or a later one."))

    def validate_closes_at(self, field: LocalMoment) -> None:
        self.validate_opens_at(field)
        if field.data and self.opens_at.data and field.data <= self.opens_at.data:
            raise ValidationError(_("Choose a closing time after the opening."))
        fresh = field.data and (self.time_zone.data, field.data) not in self.known and not self.time_zone.errors
        moment = self._moment(field.data) if fresh else None
        if moment and moment <= clock.now():
            raise ValidationError(
                _("This moment has passed, and the clocks of deletion count from it. Choose a later one.")
            )

    def validate_sources(self, field: StringField) -> None:
        codes = _codes(field.data)
        wrong = [code for code in codes if not SOURCE.fullmatch(code) or len(code) > LONGEST_SOURCE]
        if wrong:
            raise ValidationError(
                _("Change “%(code)s”: a code has small letters, digits and hyphens.", code=wrong[0][:LONGEST_SOURCE])
            )
        if len(codes) > MOST_SOURCES:
            raise ValidationError(_("Keep at most %(most)s source codes.", most=MOST_SOURCES))


class RecipientForm(OfficeForm):
    name = name(_l("Name"), 120, _l("Write the recipient's name."))
    role = line(_l("Office held"), 160)
    organisation = line(_l("Organisation"), 160)
    address = text(_l("Postal address"), 1_000)
    country = country(_l("Country"))
    reason = text(REASON, LONGEST_REASON)

    @classmethod
    def of(cls, petition: Petition, recipient: Recipient | None = None) -> Self:
        """The form of a recipient, or of a new one; with a reason where people have signed to those of before."""
        form = cls(obj=recipient)
        if not versions.signed(petition):
            del form.reason
        return form


class RemoveRecipientForm(OfficeForm):
    reason = text(REASON, LONGEST_REASON)


def _codes(typed: str | None) -> list[str]:
    """Each code once, in the order typed."""
    return list(dict.fromkeys((typed or "").replace(",", " ").split()))


def _local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return moment.astimezone(zone).replace(tzinfo=None, second=0, microsecond=0) if moment else None


def _exists(local: datetime, zone: ZoneInfo) -> bool:
    return local.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None) == local
