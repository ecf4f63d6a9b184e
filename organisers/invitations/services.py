"""The organisers' part of invitations: who is asked, in which order, who is approved; each act goes into the audit chain."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from core import audit, clock
from core.db import db
from core.keystore import KeyMissing
from core.vault import VaultError, vault
from organisers.cases.services import NotFound
from organisers.invitations import corrections
from organisers.invitations.corrections import NothingDone
from petitions.invitations import mails as invitation_mails
from petitions.invitations import people as invitation_people
from petitions.invitations import services as petition_side
from petitions.invitations.models import Invitation
from petitions.models import Petition
from petitions.states import InvitationKind, InvitationState, PetitionState

S = InvitationState
LIVE = invitation_people.LIVE
MAIL_PAUSE = timedelta(hours=1)
KINDS = (InvitationKind.MEMBER, InvitationKind.NOTABLE, InvitationKind.ORGANISATION)


class NotHere(NothingDone):
    """The invitation has ended, so that it has no place in the order."""


class NotOpen(ValueError):
    """Nobody is asked to sign what takes no signatures."""


class MailedEnough(ValueError):
    """A mail went less than an hour ago, or three have asked already."""


@dataclass(frozen=True)
class Line:
    """An invitation as the office sees it, opened."""

    row: Invitation
    person: Mapping[str, Any]
    place: int
    offered: tuple[str, ...]
    seen: str


@dataclass(frozen=True)
class Added:
    """What became of people who were entered: how many are new, were mailed at once, have a row here already."""

    new: int
    mailed: int
    known: int


def get(petition: Petition, invitation_id: int) -> Invitation:
    """An invitation of this very petition. Raises NotFound."""
    row = db.session.get(Invitation, invitation_id)
    if row is None or row.petition_id != petition.id:
        raise NotFound(invitation_id)
    return row


def lines(petition: Petition) -> dict[InvitationKind, list[Line]]:
    """Everybody who has not ended, in order, by kind."""
    wanted = (Invitation.petition_id == petition.id, Invitation.state.in_(LIVE))
    found: dict[InvitationKind, list[Line]] = {kind: [] for kind in KINDS}
    opener = invitation_people.opener(petition)
    for row in db.session.scalars(select(Invitation).where(*wanted).order_by(Invitation.position, Invitation.id)):
        group = found[row.kind]
        person = _open(opener, row)
        group.append(Line(row, person, len(group) + 1, offered(row), corrections.mark(person.get("asked"))))
    return found


def ended(petition: Petition) -> dict[str, int]:
    """How many declined, and how many were withdrawn, taken back or ran out."""
    wanted = (Invitation.petition_id == petition.id, Invitation.state.not_in(LIVE))
    counts = select(Invitation.state, func.count()).where(*wanted).group_by(Invitation.state)
    return {state.value: count for state, count in db.session.execute(counts)}


def offered(row: Invitation) -> tuple[str, ...]:
    """The acts that its state allows."""
    acts = {
        S.PROPOSED: ("invite", "take_back"),
        S.INVITED: (*(("remind",) if row.invited_at and not row.reminded_at else ()), "resend", "take_back"),
        S.CONFIRMED: ("take_back",),
        S.APPROVED: ("take_back",),
        S.REJECTED: ("take_back",),
    }
    return acts.get(row.state, ())


def add(petition: Petition, people: Iterable[Mapping[str, Any]], *, actor: str) -> Added:
    """Enters people in this order; each is mailed at once where the petition takes signatures, else when told to.

    `people`: name, role, affiliation, country, email. The caller has not begun to write."""
    vault().prepare(petition.scope)
    kind = invitation_people.asked_as(petition)
    ids = []
    for given in people:
        person = {key: value for key, value in given.items() if key != "country"}
        ids.append(invitation_people.add(petition, kind=kind, country=given["country"], person=person))
    new = [one for one in ids if one is not None]
    mailed = invitation_people.invite(petition, Invitation.id.in_(new)) if takes_answers(petition) else 0
    audit.record("invitations.added", petition.slug, actor=actor, kind=kind.value, new=len(new), mailed=mailed)
    return Added(len(new), mailed, len(ids) - len(new))


def takes_answers(petition: Petition) -> bool:
    """Whether somebody who is asked now could answer."""
    return petition.state == PetitionState.OPEN and (petition.closes_at is None or clock.now() < petition.closes_at)


def invite(petition: Petition, row: Invitation) -> None:
    """The organiser's yes to who was proposed, or entered before the petition opened. Raises NotOpen, NothingDone."""
    _need_open(petition)
    _need(invitation_people.invite(petition, Invitation.id == row.id))


def resend(petition: Petition, row: Invitation) -> None:
    """The same mail with the same link again. Raises NotOpen, MailedEnough, NothingDone."""
    _need_open(petition)
    just_now = row.invited_at is not None and row.invited_at > clock.now() - MAIL_PAUSE
    if just_now or invitation_mails.promised(row.public_id) >= invitation_mails.INVITATIONS:
        raise MailedEnough
    as_seen = Invitation.invited_at.is_not_distinct_from(row.invited_at)  # of two organisers at once only one mails
    _need(invitation_people.invite_again(petition, Invitation.id == row.id, as_seen))


def remind(petition: Petition, row: Invitation) -> None:
    """The one reminder. Raises NotOpen, NothingDone."""
    _need_open(petition)
    _need(invitation_people.remind(Invitation.id == row.id, Invitation.invited_at.is_not(None)))


def take_back(petition: Petition, row: Invitation) -> None:
    """Ends an invitation, and whatever was signed with it."""
    if row.state not in LIVE:
        raise NothingDone
    petition_side.withdraw(petition, row)


ACTS: Mapping[str, Callable[..., None]] = {
    "invite": invite, "resend": resend, "remind": remind, "take_back": take_back,
    "correct": corrections.correct, "keep": corrections.keep,
}  # fmt: skip


DONE = {
    "invite": "invited", "resend": "mailed_again", "remind": "reminded", "take_back": "taken_back",
    "correct": "corrected", "keep": "kept",
}  # fmt: skip


def act(petition: Petition, row: Invitation, name: str, *, actor: str, **shown: str) -> None:
    """One of ACTS, noted by the row's opaque id; a correction is settled as it was `seen`."""
    ACTS[name](petition, row, **shown)
    audit.record(f"invitation.{DONE[name]}", petition.slug, actor=actor, invitation=row.public_id, kind=row.kind.value)


def act_on_all(petition: Petition, name: str, *, actor: str) -> int:
    """Invites everybody whom organisers entered before, or reminds everybody who was not; how many. Raises NotOpen."""
    _need_open(petition)
    own = (Invitation.petition_id == petition.id, Invitation.kind != InvitationKind.ORGANISATION)
    acts = {
        "invite": lambda: invitation_people.invite(petition, *own, Invitation.proposed_by.is_(None)),
        "remind": lambda: invitation_people.remind(*own, Invitation.invited_at.is_not(None)),
    }
    count = acts[name]()
    audit.record(f"invitations.{DONE[name]}", petition.slug, actor=actor, invitations=count)
    return count


def move(petition: Petition, row: Invitation, *, place: int, actor: str) -> None:
    """Puts an invitation at this place among its kind, counted from 1."""
    same = (Invitation.petition_id == petition.id, Invitation.kind == row.kind)
    holding = update(Invitation).where(*same).values(position=Invitation.position)  # a second organiser waits here
    db.session.execute(holding, execution_options=invitation_people.UNSYNCED)
    live = select(Invitation.id).where(*same, Invitation.state.in_(LIVE))
    order = list(db.session.scalars(live.order_by(Invitation.position, Invitation.id)))
    if row.id not in order:
        raise NotHere
    order.remove(row.id)
    order.insert(max(place, 1) - 1, row.id)
    numbered: Sequence[dict[str, int]] = [{"id": one, "position": number} for number, one in enumerate(order, start=1)]
    db.session.execute(update(Invitation), numbered)
    audit.record(
        "invitation.moved", petition.slug, actor=actor, invitation=row.public_id, place=order.index(row.id) + 1
    )


def _open(opener: invitation_people.Opener, row: Invitation) -> Mapping[str, Any]:
    try:
        return opener(row)
    except (VaultError, KeyMissing):  # one row that cannot be read must not hide the others
        return {"name": "?", "email": "?", "role": "", "affiliation": ""}


def _need_open(petition: Petition) -> None:
    if not takes_answers(petition):
        raise NotOpen


def _need(changed: int) -> None:
    if not changed:
        raise NothingDone
