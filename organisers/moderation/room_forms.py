"""Forms of the moderation room: what part of the queue is shown, how something is judged, what organisers answer."""

from collections.abc import Sequence
from typing import Any, Self

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectMultipleField, ValidationError

from cases.models import Case
from organisers.accounts.scope import Cases
from organisers.fields import Choice, OfficeForm, text
from organisers.moderation.models import Act, RejectReason
from organisers.moderation.queue import REPORTED, WAITING, Filter
from organisers.moderation.subjects import APPROVED, REJECTED, NotASubject, Subject

REASONS = {
    RejectReason.ABUSE: _l("Insult or threat"), RejectReason.PERSONAL: _l("Private things about a person"),
    RejectReason.DANGER: _l("Danger for somebody"), RejectReason.SPAM: _l("Spam or advertising"),
    RejectReason.OFF_TOPIC: _l("Not about this case"), RejectReason.OTHER: _l("Something else"),
}  # fmt: skip
STATES = {
    WAITING: _l("To judge"), REPORTED: _l("Reported"), APPROVED: _l("Approved, the latest"),
    REJECTED: _l("Rejected, the latest"),
}  # fmt: skip
KINDS = {
    "": _l("All kinds"), "comment": _l("Comments"), "solidarity": _l("Messages of solidarity"), "wall": _l("Words of donors"),
    "notable": _l("Notable signatories"), "organisation": _l("Organisations"),
}  # fmt: skip


class FilterForm(FlaskForm):
    """What the address asks for; what it asks wrongly is left out."""

    class Meta:
        csrf = False

    state = Choice(_l("Show"), choices=list(STATES.items()), default=WAITING)
    kind = Choice(_l("Kind"), choices=list(KINDS.items()), default="")
    case = Choice(_l("Case"), default="")

    @classmethod
    def of_request(cls, cases: Sequence[Case]) -> Self:
        form = cls(formdata=request.args)
        form.case.choices = [("", _l("All cases")), *((str(one.id), one.title) for one in cases)]
        for name in ("state", "kind", "case"):
            field = form[name]
            if field.data not in [value for value, _label in field.choices]:
                field.data = field.default
        return form

    def asked(self, reached: Cases) -> Filter:
        """The filter, of no other cases than those that the organiser reaches."""
        return Filter(self.state.data, self.kind.data, frozenset({int(self.case.data)}) if self.case.data else reached)

    def address(self) -> dict[str, str]:
        """The same filter as arguments of an address."""
        asked = {"state": self.state.data, "kind": self.kind.data, "case": self.case.data}
        return {name: value for name, value in asked.items() if value and value != self[name].default}


class RejectForm(OfficeForm):
    """Why something is not shown; the note is for the other organisers."""

    reason = Choice(
        _l("Reason"), choices=[("", _l("Choose a reason")), *((one.value, REASONS[one]) for one in RejectReason)]
    )
    note = text(_l("Note for the other organisers (optional)"), 500)

    def validate_reason(self, field: Choice) -> None:
        if not field.data:
            raise ValidationError(_("Choose why you reject it."))

    def validate_note(self, field: HiddenField) -> None:
        if self.reason.data == RejectReason.OTHER.value and not field.data:
            raise ValidationError(_("Write in a few words why: “something else” alone tells the others nothing."))

    def why(self) -> dict[str, Any]:
        """What `judging.judge` takes."""
        return {"reason": RejectReason(self.reason.data), "note": self.note.data or ""}


class ManyForm(OfficeForm):
    """Ticked items, each as its subject and the state that was seen: 'comment:12@held'."""

    items = SelectMultipleField(_l("Ticked"), validate_choice=False)

    def validate_items(self, field: SelectMultipleField) -> None:
        if not field.data:
            raise ValidationError(_("Tick those that you mean first."))
        try:
            self.chosen()
        except NotASubject:
            raise ValidationError(_("Load this page again, and then tick those that you mean.")) from None

    def chosen(self) -> list[tuple[Subject, str]]:
        """(subject, state that was seen), each once. Raises NotASubject."""
        parts = [value.partition("@") for value in dict.fromkeys(self.items.data or [])]
        return [(Subject.read(name), seen) for name, _at, seen in parts]


class ReplyForm(OfficeForm):
    reply = text(_l("Reply of the organisers"), 1_000)


ACTS = ", ".join(act.value for act in Act)
