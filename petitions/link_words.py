"""What a mailed link says when it can do nothing more: each end of a submission has its own sentence and its next step."""

import enum
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from core import clock
from petitions import signature_services
from petitions.models import Petition, Submission
from petitions.states import ExitReason, Purpose, SignatureState, SubmissionState
from petitions.thanks_views import confirmed_words


class End(enum.StrEnum):
    """Why a link does nothing: how its submission stands, or that the link alone is too old."""

    COUNTS = "counts"
    SET_ASIDE = "set_aside"
    WITHDRAWN = "withdrawn"
    DISOWNED = "disowned"
    ERASED = "erased"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    DISCARDED = "discarded"
    CHECKED = "checked"
    NEWER_MAIL = "newer_mail"
    TOO_OLD = "too_old"
    IMPORTED = "imported"


OF_STATE = {
    SubmissionState.SUPERSEDED: End.SUPERSEDED, SubmissionState.DISCARDED: End.DISCARDED,
    SubmissionState.HELD: End.CHECKED, SubmissionState.RECEIVED: End.CHECKED, SubmissionState.IMPORTED: End.IMPORTED,
}  # fmt: skip
OF_EXIT = {
    ExitReason.WITHDRAWN: End.WITHDRAWN, ExitReason.DISOWNED: End.DISOWNED, ExitReason.ERASED: End.ERASED,
}  # fmt: skip
STANDING = (End.COUNTS, End.SET_ASIDE, End.CHECKED, End.NEWER_MAIL)  # something is there that a new link could lead to
SIGN_AGAIN = (End.WITHDRAWN, End.ERASED, End.EXPIRED, End.DISCARDED, End.IMPORTED)
NEW_LINK = (End.SET_ASIDE, End.TOO_OLD)


def end_of(submission: Submission) -> End:
    """How it ended, as far as what is left of it tells."""
    if signature_services.stands(submission):
        return End.COUNTS
    signature = signature_services.find_of(submission)
    if signature is not None and signature.state == SignatureState.INVALIDATED:
        return End.SET_ASIDE
    if signature is not None and signature.exit_reason is not None:
        return OF_EXIT[signature.exit_reason]
    return OF_STATE.get(submission.state) or _unconfirmed(submission)


def _unconfirmed(submission: Submission) -> End:
    if submission.expires_at is not None and submission.expires_at <= clock.now():
        return End.EXPIRED
    return End.NEWER_MAIL if submission.state == SubmissionState.MAILED else End.WITHDRAWN


def words(submission: Submission, petition: Petition) -> dict[str, Any]:
    """Title, sentence and next steps of the page about a submission that waits for no button."""
    return _page(end_of(submission), petition)


def expired_words(purpose: Purpose, submission: Submission, petition: Petition) -> dict[str, Any]:
    """The same for a link whose own time is over; what it once led to may stand all the same."""
    end = end_of(submission)
    return _page(End.TOO_OLD if purpose != Purpose.CONFIRM and end in STANDING else end, petition)


def _page(end: End, petition: Petition) -> dict[str, Any]:
    if petition.case.frozen_at:  # no word of it, and no address, which may hold a name
        title, sentence = (_("Your signature counts"), "") if end == End.COUNTS else _said()[end]
        return {"title": title, "sentence": sentence, "links": [(url_for("petitions.index"), _("See the petitions"))]}
    if end == End.COUNTS:
        return confirmed_words(petition)
    title, sentence = _said()[end]
    here = url_for("petitions.show", slug=petition.slug)
    links = [(here, _("See the petition"))]
    if end in NEW_LINK:
        links.insert(0, (url_for("own_page.ask_for_link", petition=petition.slug), _("Mail me a new link")))
    elif end in SIGN_AGAIN and petition.open:
        links.insert(0, (f"{here}#sign", _("Sign again")))
    return {"title": title, "sentence": sentence, "petition": petition, "links": links}


def _said() -> dict[End, tuple[str, str]]:
    deleted = _("What was sent with this mail is deleted")
    return {
        End.SET_ASIDE: (
            _("Your signature is set aside"),
            _(
                "The organisers have set this signature aside, so it is not counted just now. If you think that this is a "
                "mistake, answer the mail that you got from us. On your own page you can withdraw it."
            ),
        ),
        End.WITHDRAWN: (
            deleted,
            _(
                "It was taken back, and its links can do nothing more. If your address was used again since, use the links "
                "in the newest mail."
            ),
        ),
        End.DISOWNED: (
            deleted,
            _(
                "We were told that the owner of this address never signed. The signature is gone, and we do not write to "
                "the address about this petition any more."
            ),
        ),
        End.ERASED: (
            deleted,
            _(
                "Everything that named you was erased, as you asked. If you have signed again since, use the links in the "
                "newest mail."
            ),
        ),
        End.EXPIRED: (
            _("The time to confirm is over"),
            _(
                "Link and code worked for 21 days from the sending of the mail. Nobody confirmed, so nothing was counted, "
                "and what was sent is deleted."
            ),
        ),
        End.SUPERSEDED: (
            _("We have written to another address"),
            _(
                "Whoever signed asked us to use another address instead, so this link does nothing any more. Open the link "
                "in the mail that came to the other address."
            ),
        ),
        End.DISCARDED: (
            _("This signature was not taken"),
            _("The organisers could not take it, and what was sent is deleted. If it was meant, you may sign again."),
        ),
        End.CHECKED: (
            _("Your signature is being looked at"),
            _("There is nothing to do. When it has been looked at, a mail with a new link goes to your address."),
        ),
        End.NEWER_MAIL: (
            _("A newer mail has a link that works"),
            _("This link worked for 21 days. We have written to you again since: open the link in the newest mail."),
        ),
        End.IMPORTED: (
            _("This link is too old"),
            _(
                "Your signature from another site is not confirmed here, and is named apart from those that are. To have it "
                "counted, sign once more: you count once."
            ),
        ),
        End.TOO_OLD: (
            _("This link is too old"),
            _(
                "It worked for a year. A mail with new links goes to the address that you signed with, if you ask for it."
            ),
        ),
    }
