"""The words that a signatory agrees to: shown beside the button, stored whole by hash."""

import hashlib

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import func, select

from core.db import db, insert
from petitions.models import ConsentText, Petition
from petitions.states import Visibility


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


def record(petition: Petition) -> None:
    """Stores the present texts; a text that is stored already keeps its version."""
    latest = db.session.scalar(select(func.max(ConsentText.version)).where(ConsentText.petition_id == petition.id))
    for visibility in Visibility:
        text = text_of(petition, visibility)
        values = {
            "digest": _digest(petition, text), "petition_id": petition.id, "version": (latest or 0) + 1,
            "visibility": visibility, "language": petition.language, "text": text, "recipients": names(petition),
        }  # fmt: skip
        db.session.execute(insert(ConsentText).values(values).on_conflict_do_nothing(index_elements=["digest"]))


def digest_of(petition: Petition, visibility: Visibility) -> str:
    """The hash under which the present text is stored."""
    return _digest(petition, text_of(petition, visibility))


def _digest(petition: Petition, text: str) -> str:
    return hashlib.sha256(f"{petition.public_id}\n{petition.language}\n{text}".encode()).hexdigest()
