"""The words that a signatory agrees to: shown beside the button, stored whole by hash."""

import hashlib
from collections.abc import Sequence
from email.utils import parseaddr
from weakref import WeakKeyDictionary

from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, inspect, select

from config import Settings
from core.db import db, insert
from petitions.models import ConsentText, Petition
from petitions.states import Visibility

PAPER_MARK = "undersigned/paper/v1"  # begins what stands on a printed sheet, so that its hash is no page's
_digests: WeakKeyDictionary[Petition, dict[Visibility, str]] = WeakKeyDictionary()


def recipients_named(petition: Petition) -> str:
    """The recipients as a sentence names them."""
    names = [f"{r.name} ({', '.join(filter(None, (r.role, r.organisation)))})" for r in petition.recipients]
    return _(" and ").join(name.replace(" ()", "") for name in names) or _("the recipient")


def names(petition: Petition) -> list[str]:
    """The recipients' names, as they are kept beside the text that was agreed to."""
    return [" ".join(recipient.name.casefold().split()) for recipient in petition.recipients]


def sentences(petition: Petition) -> dict[Visibility, str]:
    """What each choice means, in the words of its radio button."""
    several = len(petition.recipients) or 1
    return {
        Visibility.RECIPIENTS: ngettext(
            "My name, country, role and organisation go to the recipient, and are not published.",
            "My name, country, role and organisation go to the recipients, and are not published.",
            several,
        ),
        Visibility.PUBLIC: ngettext(
            "My name, country, role and organisation go to the recipient, and are published on this site.",
            "My name, country, role and organisation go to the recipients, and are published on this site.",
            several,
        ),
        Visibility.COUNTED: _("Count me, but show my name to nobody."),
    }


def text_of(petition: Petition, visibility: Visibility) -> str:
    """The whole text agreed to: the letter, to whom it goes, and the choice about one's name."""
    return "\n\n".join((petition.title, recipients_named(petition), petition.letter, sentences(petition)[visibility]))


def paper_sentence(petition: Petition) -> str:
    """What somebody who signs with a pen agrees to, as it is printed above the lines."""
    settings: Settings = current_app.config["UNDERSIGNED"]
    return _(
        "I support this letter, and I agree that my name and country go with it to %(recipients)s. They are not published. "
        "My town, and my email address if I give one, only show whether somebody has signed twice: they are passed on to "
        "nobody, and no mail is sent. Responsible for these data is %(controller)s. They are erased %(days)s days after "
        "the letter was delivered, and at the latest 12 months after signing has ended; whoever wants to be taken off "
        "the list before that writes to %(contact)s.",
        recipients=recipients_named(petition),
        controller=settings.data_controller,
        days=petition.retention_days,
        contact=settings.mail_reply_to or parseaddr(settings.mail_from)[1],
    )


def paper_text(petition: Petition) -> str:
    """The whole text of a sheet that was agreed to: the letter, to whom it goes, and the sentence above the lines."""
    parts = (petition.title, recipients_named(petition), petition.letter, paper_sentence(petition))
    return "\n\n".join((PAPER_MARK, *parts))


def paper_digest(petition: Petition) -> str:
    """The hash of the present sheet's text; its first eight characters are printed at the foot."""
    return _digest(petition, paper_text(petition))


def paper_sheets(petition: Petition) -> Sequence[ConsentText]:
    """The sheets that were ever to be printed, the newest first: one for each change of the letter or its recipients."""
    theirs = (ConsentText.petition_id == petition.id, ConsentText.text.startswith(PAPER_MARK))
    order = (ConsentText.version.desc(), ConsentText.created_at.desc())
    return db.session.scalars(select(ConsentText).where(*theirs).order_by(*order)).all()


def record(petition: Petition) -> None:
    """Stores the present texts; a text that is stored already keeps its version."""
    latest = db.session.scalar(select(func.max(ConsentText.version)).where(ConsentText.petition_id == petition.id))
    texts = [(visibility, text_of(petition, visibility)) for visibility in Visibility]
    for visibility, text in (*texts, (Visibility.RECIPIENTS, paper_text(petition))):
        values = {
            "digest": _digest(petition, text), "petition_id": petition.id, "version": (latest or 0) + 1,
            "visibility": visibility, "language": petition.language, "text": text, "recipients": names(petition),
        }  # fmt: skip
        db.session.execute(insert(ConsentText).values(values).on_conflict_do_nothing(index_elements=["digest"]))


def digest_of(petition: Petition, visibility: Visibility) -> str:
    """The hash under which the present text is stored."""
    if not inspect(petition).detached:
        return _digest(petition, text_of(petition, visibility))
    known = _digests.setdefault(petition, {})  # what no session holds does not change
    if visibility not in known:
        known[visibility] = _digest(petition, text_of(petition, visibility))
    return known[visibility]


def _digest(petition: Petition, text: str) -> str:
    return hashlib.sha256(f"{petition.public_id}\n{petition.language}\n{text}".encode()).hexdigest()
