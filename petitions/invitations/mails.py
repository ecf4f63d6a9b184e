"""The mails of invitations: each carries the same link, and the words by which its page says whom it is for."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import force_locale
from sqlalchemy import func, select

from core import clock, countries, mail, relay, tokens, unsubscribes
from core.db import db
from core.jobs import Job
from petitions import consent, retelling
from petitions.invitations.models import Invitation
from petitions.models import Petition
from petitions.states import InvitationKind

WHO = "invitation"  # the purpose under which the link's query is sealed
WHO_LIFE = timedelta(days=3650)  # the link itself ends with its row
INVITATIONS = 3  # mails that ask; with the reminder and what follows the answer an address gets five at most
ASKING = "invitation"
ABOUT = (ASKING, "invitation_reminder", "invitation_signed")  # what a mail's key begins with
TEMPLATES = {
    InvitationKind.MEMBER: "invitation", InvitationKind.NOTABLE: "invitation", InvitationKind.ORGANISATION: "organisation",
}  # fmt: skip


def promise_invitation(petition: Petition, row: Invitation, person: Mapping[str, Any], secret: str) -> None:
    """The mail that asks; where the mailbox refuses it or wants no mail, the row says so."""
    undelivered = ("invitations.undelivered", {"invitation": row.id})
    context = _context(petition, row, person, secret)
    mail.promise(
        TEMPLATES[row.kind], to=person["email"], key=f"invitation:{row.public_id}:{promised(row.public_id)}",
        context=context, language=petition.language, priority=relay.CONFIRMATION, otherwise=undelivered,
        teller=retelling.of(petition),
    )  # fmt: skip


def promise_reminder(petition: Petition, row: Invitation, person: Mapping[str, Any], secret: str) -> None:
    _promise(petition, row, person, secret, "invitation_reminder", relay.REMINDER)


def promise_signed(petition: Petition, row: Invitation, person: Mapping[str, Any], secret: str) -> None:
    """What was confirmed, and how to undo it."""
    _promise(petition, row, person, secret, "invitation_signed", relay.AFTERWARDS)


def promised(public_id: str) -> int:
    """How many mails have asked this mailbox so far."""
    keys = [f"mail:{key}" for key in _asking(public_id)]
    return db.session.scalar(select(func.count()).where(Job.key.in_(keys))) or 0


def promised_to(petition_id: int, email_index: bytes | None) -> int:
    """How many mails about its invitation a mailbox was promised."""
    same = (Invitation.petition_id == petition_id, Invitation.email_index == email_index)
    public_id = db.session.scalar(select(Invitation.public_id).where(*same))
    keys = [f"mail:{key}" for key in _all(public_id)] if public_id else []
    return (db.session.scalar(select(func.count()).where(Job.key.in_(keys))) or 0) if keys else 0


def recall(public_ids: Iterable[str]) -> None:
    """Takes back what is still to be mailed about invitations that have been emptied."""
    keys = [key for one in public_ids for key in _all(one)]
    if keys:
        mail.recall(keys)


def read_who(query: str, digest: bytes) -> dict[str, Any] | None:
    """Whom a link's query names, where it belongs to this very invitation; the page must do without where it was cut off."""
    try:
        said = tokens.open_query(WHO, query, age=WHO_LIFE)
    except tokens.TokenError:
        return None
    return said if said["digest"] == _mark(digest) else None


def deadline(petition: Petition, row: Invitation) -> datetime | None:
    """Until when the invitation can be answered: the petition's own closing, else its own."""
    return petition.closes_at or row.expires_at


def _promise(
    petition: Petition, row: Invitation, person: Mapping[str, Any], secret: str, template: str, priority: int
) -> None:
    mail.promise(
        template, to=person["email"], key=f"{template}:{row.public_id}", context=_context(petition, row, person, secret),
        language=petition.language, priority=priority, teller=retelling.of(petition),
    )  # fmt: skip


def _mark(digest: bytes) -> str:
    """Enough of a link's digest to tell that the words belong to it; the whole would make the link longer."""
    return digest.hex()[:16]


def _asking(public_id: str) -> list[str]:
    return [f"{ASKING}:{public_id}:{number}" for number in range(INVITATIONS)]


def _all(public_id: str) -> list[str]:
    return [*_asking(public_id), *(f"{name}:{public_id}" for name in ABOUT if name != ASKING)]


def _context(petition: Petition, row: Invitation, person: Mapping[str, Any], secret: str) -> dict[str, Any]:
    server = current_app.config["UNDERSIGNED"].server_url
    until = deadline(petition, row)
    with force_locale(petition.language):
        said = (person["role"], person["affiliation"], countries.name_of(row.country))
        about, recipients = ", ".join(filter(None, said)), consent.recipients_named(petition)
    who = {"digest": _mark(tokens.digest(secret)), "name": person["name"], "about": about, "size": person.get("size")}
    return {
        "kind": row.kind.value, "organisation": row.kind == InvitationKind.ORGANISATION,
        "name": person["name"], "contact": person.get("contact", ""), "about": about, "size": person.get("size"),
        "recipients": recipients,
        "until": until and clock.day(until.astimezone(ZoneInfo(petition.time_zone)).date(), petition.language),
        "links": {
            "invitation": f"{server}/invitations/{secret}?who={tokens.seal_query(WHO, who)}",
            "unsubscribe": f"{server}/unsubscribe/{unsubscribes.token_of(person['email'])}",
        },
    }  # fmt: skip
