"""What an invitation's own link can do: sign once, decline, withdraw; and who of the invited is shown to everybody."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask_babel import force_locale
from sqlalchemy import or_, select, update

from core import clock, journal
from core.db import db, insert
from core.jobs import enqueue
from core.switches import switches
from core.tokens import digest
from core.vault import SITE, vault
from petitions import consent, signature_services, sources
from petitions.counting import tallies
from petitions.invitations import exits as invitation_exits
from petitions.invitations.mails import deadline
from petitions.invitations.models import Invitation
from petitions.invitations.people import changed, tell_organisers
from petitions.models import Petition, Signature
from petitions.states import (
    ExitReason,
    InvitationKind,
    InvitationState,
    Method,
    PetitionState,
    SignatureState,
    Visibility,
)

METHODS = {InvitationKind.MEMBER: Method.WEB, InvitationKind.NOTABLE: Method.NOTABLE}
GROUPS = {
    InvitationKind.MEMBER: "members", InvitationKind.NOTABLE: "notables", InvitationKind.ORGANISATION: "organisations",
}  # fmt: skip
MAY_PROPOSE = (InvitationState.INVITED, InvitationState.CONFIRMED)


class InvitationGone(LookupError):
    """A link that is nobody's."""


class TooLate(ValueError):
    """The petition takes no answer now; `hindrance` says why."""


class Shown(NamedTuple):
    """Who of the invited may be shown, each group in the organisers' order: rows of name, role, affiliation, size, country."""

    members: list[Any]
    notables: list[Any]
    organisations: list[Any]


def get(secret: str) -> Invitation:
    """The invitation of a mailed link, however it stands. Raises InvitationGone."""
    row = db.session.scalar(select(Invitation).where(Invitation.digest == digest(secret)))
    if row is None:
        raise InvitationGone
    return row


def hindrance(petition: Petition, row: Invitation) -> str | None:
    """Why an invitation cannot be accepted just now: frozen, deadline, closed, paused; None where it can."""
    until = deadline(petition, row)
    off = not switches().takes_from(row.country)
    reasons = (
        ("frozen", petition.case.frozen_at is not None),
        ("deadline", until is not None and until <= clock.now()),
        ("closed", petition.state not in (PetitionState.OPEN, PetitionState.PAUSED)),
        ("paused", petition.state == PetitionState.PAUSED or off),
    )
    return next((reason for reason, holds in reasons if holds), None)


def may_propose(petition: Petition, row: Invitation) -> bool:
    """Whether this link may name colleagues for a closed letter."""
    wanted = row.kind == InvitationKind.MEMBER and row.state in MAY_PROPOSE
    return wanted and hindrance(petition, row) is None


def may_correct(row: Invitation) -> bool:
    """Whether somebody who has signed may ask for another wording of their role."""
    return row.kind in METHODS and row.state in invitation_exits.SIGNED


def sign(petition: Petition, row: Invitation) -> None:
    """Answers with yes, once: a person's signature is made and counted, an organisation waits for the organisers.

    A repeated press changes nothing. Raises TooLate."""
    if row.state == InvitationState.INVITED and hindrance(petition, row):
        raise TooLate(petition.slug)
    waiting = (Invitation.id == row.id, Invitation.state == InvitationState.INVITED)
    said = {"state": InvitationState.CONFIRMED, "confirmed_at": clock.to_hour(clock.now())}
    if not changed(update(Invitation).where(*waiting).values(said)):
        return
    db.session.refresh(row)  # locked by now, and perhaps sealed anew since the page was asked for
    if row.kind in METHODS:
        signature_id = _insert_signature(petition, row)
        changed(update(Invitation).where(Invitation.id == row.id).values(signature_id=signature_id))
    if row.kind != InvitationKind.MEMBER:
        tell_organisers(petition)
    enqueue("invitations.signed", {"invitation": row.id}, key=f"invitation-signed:{row.public_id}")


def decline(petition: Petition, row: Invitation) -> None:
    """Answers with no: everything sealed goes, and this mailbox is not asked again about the petition."""
    asked = (Invitation.id == row.id, Invitation.state == InvitationState.INVITED)
    gone = invitation_exits.empty(*asked, state=InvitationState.DECLINED)
    journal.promise(invitation_exits.DECLINED, *(ended.public_id for ended in gone))


def withdraw(petition: Petition, row: Invitation) -> None:
    """Takes a yes back, or an invitation: name and signature go at once, the number goes down. Left before: nothing."""
    gone = invitation_exits.empty(Invitation.id == row.id, state=InvitationState.WITHDRAWN)
    journal.promise(ExitReason.WITHDRAWN.value, *(ended.public_id for ended in gone))
    signed = db.session.scalar(select(Invitation.signature_id).where(Invitation.id == row.id))
    for ended in gone if signed is not None else ():  # never a contact's own signature
        signature_services.leave(petition.id, ended.email_index, ExitReason.WITHDRAWN)


def send(kind: str, args: Mapping[str, Any], sealed: Mapping[str, Any]) -> None:
    """Hands what somebody typed to the worker; no transaction of writing has begun."""
    vault().prepare(SITE)
    enqueue(kind, args, sealed=sealed)


def shown(petition_id: int) -> Shown:
    """Who may be shown now; whose signature does not stand just now is left out."""
    columns = (
        Invitation.kind, Invitation.public_name, Invitation.public_role, Invitation.public_affiliation,
        Invitation.public_size, Invitation.country,
    )  # fmt: skip
    stands = or_(Invitation.signature_id.is_(None), Signature.state == SignatureState.VALID)
    query = select(*columns).outerjoin(Signature, Signature.id == Invitation.signature_id)
    query = query.where(Invitation.petition_id == petition_id, Invitation.public_name.is_not(None), stands)
    groups: dict[str, list[Any]] = {group: [] for group in GROUPS.values()}
    for row in db.session.execute(query.order_by(Invitation.position, Invitation.id)):
        groups[GROUPS[row.kind]].append(row)
    return Shown(**groups)


def consent_sentence(petition: Petition) -> str:
    """The words about the name that an invited person agrees to."""
    with force_locale(petition.language):
        return consent.sentences(petition)[Visibility.PUBLIC]


def _insert_signature(petition: Petition, row: Invitation) -> int | None:
    """The person's signature, counted; the one that stands already where this mailbox has signed before."""
    hour = clock.to_hour(clock.now())
    with force_locale(petition.language):
        agreed = consent.digest_of(petition, Visibility.PUBLIC)
    values = {
        "public_id": row.public_id, "petition_id": petition.id, "method": METHODS[row.kind], "state": SignatureState.VALID,
        "email_index": row.email_index, "index_version": row.index_version, "key_id": row.key_id,
        "data_key_id": row.data_key_id, "blob": row.blob, "country": row.country, "visibility": Visibility.PUBLIC,
        "source": sources.OTHER, "consent_digest": agreed, "signed_at": hour, "confirmed_at": hour,
    }  # fmt: skip
    made = insert(Signature).values(values).on_conflict_do_nothing(index_elements=["petition_id", "email_index"])
    signature_id = db.session.execute(made.returning(Signature.id)).scalar()
    if signature_id is not None:
        tallies.change(petition.id, 1, country=row.country, source=sources.OTHER, hour=hour, method=METHODS[row.kind])
        return signature_id
    same = (Signature.petition_id == petition.id, Signature.email_index == row.email_index)
    return db.session.scalar(select(Signature.id).where(*same))
