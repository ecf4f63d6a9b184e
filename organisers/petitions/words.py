"""How the office calls what may be done to a petition, says what it will do, and what it did."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

LABELS = {
    "publish": _l("Publish"), "schedule": _l("Schedule"), "unschedule": _l("Back to a draft"), "pause": _l("Pause"),
    "resume": _l("Resume"), "close": _l("Close"), "reopen": _l("Open again"), "archive": _l("Archive"),
    "unarchive": _l("Take out of the archive"), "take_back_answer": _l("Take the answer back"),
    "take_back_victory": _l("Take the victory back"),
}  # fmt: skip
CONSEQUENCES = {
    "publish": _l("The page is public at once and people can sign. The address of the page is fixed from then on."),
    "schedule": _l("It opens by itself at its opening time. Until then you can take it back."),
    "unschedule": _l("It does not open by itself any more. Nobody has seen it."),
    "pause": _l("Nobody can sign until you resume it; the page stays. Who has signed may still confirm."),
    "resume": _l("People can sign again at once."),
    "close": _l(
        "Nobody can sign any more; the time that names are kept begins. You can open it again with a later closing date."
    ),
    "reopen": _l("People can sign again. It needs a closing date that is still to come, or none."),
    "archive": _l("It leaves the lists; its page stays and says that it is archived. You can take it out again."),
    "unarchive": _l("It stands in the lists again, as what it was before."),
    "take_back_answer": _l(
        "The page shows no answer any more; its words stay in the form. Mails that have not gone yet are not sent."
    ),
    "take_back_victory": _l(
        "The page does not say “won” any more, and stays closed. Mails that have not gone yet are not sent."
    ),
}
SAID = {
    "publish": lambda: _("The petition is open for signatures."),
    "schedule": lambda: _("The petition is scheduled: it opens by itself at its time."),
    "unschedule": lambda: _("The petition is a draft again."),
    "pause": lambda: _("The petition is paused: nobody can sign until you resume it."),
    "resume": lambda: _("The petition is open for signatures again."),
    "close": lambda: _("The petition is closed. Who signed in time may still confirm for a day."),
    "reopen": lambda: _("The petition is open for signatures again."),
    "archive": lambda: _("The petition is archived."),
    "unarchive": lambda: _("The petition is out of the archive."),
    "take_back_answer": lambda: _("The answer is taken back."),
    "take_back_victory": lambda: _("The victory is taken back."),
}


def reason_missing() -> str:
    return _(
        "People have signed this text. Say in a sentence or two why you change it: it stands on the page, and they read it."
    )
