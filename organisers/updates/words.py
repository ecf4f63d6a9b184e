"""How the office calls an update's states, acts and numbers."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from organisers.updates.forms import AUDIENCES

STATES = {
    "draft": _l("Draft"), "scheduled": _l("Waits for its time"), "sending": _l("Being sent"), "paused": _l("Paused"),
    "sent": _l("Sent"), "cancelled": _l("Cancelled"),
}  # fmt: skip
KINDS = {
    "written": _l("Written here"), "changed": _l("The text was changed"), "victory": _l("The petition has won"),
    "answered": _l("The petition was answered"),
}  # fmt: skip
ACTS = {
    "unschedule": _l("Back to a draft"), "pause": _l("Pause"), "resume": _l("Go on"), "cancel": _l("Cancel it for good"),
}  # fmt: skip
SAID = {
    "approve": lambda: _("Approved. It can be sent now."),
    "unschedule": lambda: _("It is a draft again, and nothing was sent."),
    "pause": lambda: _(
        "Paused. A mail that a worker had in hand this moment may still go; nothing else does until you press “Go on”."
    ),
    "resume": lambda: _("It goes on from where it was."),
    "cancel": lambda: _(
        "Cancelled. A mail that a worker had in hand this moment may still go; nobody else is written to any more."
    ),
}
OUTCOMES = {
    "unsubscribed": _l("have ended this news, or all mail from this site"),
    "bounced": _l("have a mailbox that refused our mail before"),
    "this_week": _l("were written to within the last seven days"),
    "twice": _l("stand in the audience twice, and get it once"),
    "refused": _l("have a mailbox that refused it for good"),
    "stopped": _l("ended the news while it waited"),
    "unwanted": _l("left, or wished for no more news, while it waited"),
    "dead": _l("could not be reached for a week, and were given up"),
    "cancelled": _l("were about to be written to when it was cancelled"),
    "bounced_back": _l("came back later: the mailbox is not there any more, and gets no more updates"),
    "complained": _l("were called a nuisance by their readers, who get no more of them"),
}
AUDIENCE = AUDIENCES


def needs_approval() -> str:
    return _(
        "Another update goes to the same people within seven days. Ask a second organiser to open this page and to approve "
        "this one, or send it later."
    )


def own_approval() -> str:
    return _("You have written this update yourself. Ask a second organiser to open this page and to approve it.")


def frozen() -> str:
    return _("The case is frozen for safety, so nothing of it is sent. Show the case again first.")
