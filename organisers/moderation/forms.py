"""Forms of moderation: what an invalidation looks for, its reason, what is done with the held queue."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, SelectMultipleField, ValidationError
from wtforms.validators import Optional

from core import countries
from organisers.fields import Choice, LocalMoment, OfficeForm, line, text
from organisers.moderation.models import RejectReason
from petitions.models import Petition

SHOWN_AS = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
ANY = ("", _l("Any"))
RELEASE, DISCARD = "release", "discard"
WHY = [
    ("", _l("Choose a reason")), (RejectReason.SPAM.value, _l("Made by a machine, or in bulk")),
    (RejectReason.ABUSE.value, _l("Insult or threat")), (RejectReason.PERSONAL.value, _l("Signed for somebody else")),
    (RejectReason.OTHER.value, _l("Something else")),
]  # fmt: skip


class InvalidationForm(OfficeForm):
    """A condition: every field that is filled must match. Times are meant in the petition's zone."""

    since = LocalMoment(_l("Signed from"), [Optional()], format=SHOWN_AS)
    until = LocalMoment(_l("Signed before"), [Optional()], format=SHOWN_AS)
    country = Choice(_l("Country"), default="", choices=lambda: (ANY, *countries.choices()))
    source = Choice(_l("Source"), default="")
    domain = line(_l("Mail domain"), 253)
    family = line(_l("Addresses made like this one"), 254)
    name = line(_l("Name"), 120)
    bucket = Choice(_l("Network"), default="")
    cluster = Choice(_l("Wave"), default="")
    zone: ZoneInfo = ZoneInfo("UTC")

    @classmethod
    def of(cls, petition: Petition, *, networks: Sequence[tuple[str, str]], waves: Sequence[tuple[str, str]]) -> Any:
        """The form of a petition: its sources, the networks and waves that may be named."""
        form = cls()
        form.zone = ZoneInfo(petition.time_zone)
        form.source.choices = [ANY, *((code, code) for code in (*petition.sources, "other"))]
        form.bucket.choices, form.cluster.choices = [ANY, *networks], [ANY, *waves]
        return form

    def condition(self) -> dict[str, str]:
        """What is asked, by criterion; a domain is meant without what stands before an @."""
        values = {name: (value or "").strip() for name, value in self.values().items() if isinstance(value, str | None)}
        values["domain"] = values["domain"].rpartition("@")[2].lower()
        for name in ("since", "until"):
            local: datetime | None = self[name].data
            values[name] = local.replace(tzinfo=self.zone).astimezone(UTC).isoformat() if local else ""
        return {name: value for name, value in values.items() if value}

    def validate_until(self, field: LocalMoment) -> None:
        if field.data and self.since.data and field.data <= self.since.data:
            raise ValidationError(_("Choose an end after the beginning."))

    def validate_family(self, field: Any) -> None:
        local, _at, domain = (field.data or "").strip().rpartition("@")
        if field.data and not (local and "." in domain):
            raise ValidationError(_("Write one whole address of the family, like name1@example.org."))

    def validate_name(self, field: Any) -> None:
        if field.data and not field.data.strip("*? "):
            raise ValidationError(_("Write a part of the name beside the signs * and ?: these alone match everybody."))

    def validate_domain(self, field: Any) -> None:
        if field.data and not field.data.strip("*?. "):
            raise ValidationError(
                _("Write a part of the domain beside the signs * and ?: these alone match everybody.")
            )


class ReasonForm(OfficeForm):
    reason = text(
        _l("Reason"), 1_000, _l("Write why: the audit chain keeps it, and whoever looks later must understand.")
    )


class HeldForm(OfficeForm):
    """A group by reason or wave, or rows that were ticked; whoever discards says why."""

    act = HiddenField()
    reason = HiddenField()
    cluster = HiddenField()
    ids = SelectMultipleField(_l("The latest"), coerce=int, validate_choice=False)

    def chosen(self) -> Mapping[str, Any]:
        """What the services take."""
        return {"reason": self.reason.data or "", "cluster": self.cluster.data or "", "ids": self.ids.data or []}

    why = Choice(_l("Reason"), choices=WHY, default="")
    note = text(_l("Note for the other organisers (optional)"), 500)

    def judgement(self) -> dict[str, Any]:
        """The reason, as `held_judging` takes it; nothing is asked of who lets go."""
        if self.act.data == RELEASE:
            return {}
        return {"reason": RejectReason(self.why.data), "note": self.note.data or ""}

    def validate_why(self, field: Choice) -> None:
        if self.act.data == DISCARD and not field.data:
            raise ValidationError(_("Choose why you discard them."))

    def validate_note(self, field: HiddenField) -> None:
        if self.act.data == DISCARD and self.why.data == RejectReason.OTHER.value and not field.data:
            raise ValidationError(_("Write in a few words why: “something else” alone tells the others nothing."))

    def validate_act(self, field: HiddenField) -> None:
        if field.data not in (RELEASE, DISCARD):
            raise ValidationError(_("Choose what to do: let them go, or discard them."))

    def validate_ids(self, field: SelectMultipleField) -> None:
        if not (field.data or self.reason.data or self.cluster.data):
            raise ValidationError(_("Tick those that you mean first."))
