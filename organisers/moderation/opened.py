"""What moderators read of each kind of thing, opened: one by one, or all that stand alike."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from flask_babel import format_decimal, ngettext
from sqlalchemy import select

from cases.comments import judging as comments
from cases.comments.models import Comment, CommentState
from cases.models import Case
from core import clock
from core.db import db
from core.masks import masked_address
from donations.wall import services as wall
from organisers.accounts.scope import Cases, visible
from organisers.moderation.subjects import CLAIMED, CLAIMS, HELD, STATES, WORDS, Subject
from petitions.invitations import judging as claims
from petitions.invitations import people
from petitions.invitations.models import Invitation
from petitions.models import Petition
from petitions.persons import UNREADABLE
from petitions.states import InvitationKind

Row = dict[str, Any]  # of `queue.Item`, without what others said of it
KINDS = {
    "comment": ("", "comment", "solidarity"),
    "wall": ("", "wall"),
    "notable": ("", "notable", "organisation"),
}  # what the filter calls them


def find(subject: Subject) -> Row:
    """One of them. Raises the kind's own RowNotFound."""
    return FINDERS[subject.kind](subject.number)


def in_state(state: str, *, kind: str, cases: Cases, limit: int) -> list[Row]:
    """What stands so, of this kind or of all ('')."""
    wanted = [name for name, kinds in KINDS.items() if kind in kinds]
    return [row for name in wanted for row in LISTS[name](state, kind, cases, limit)]


def _comments(state: str, kind: str, cases: Cases, limit: int) -> Iterable[Row]:
    return map(_comment, comments.in_state(CommentState(state), cases=cases, kind=kind, limit=limit))


def _comment(comment: Comment) -> Row:
    words = comments.words_of(comment)
    return {
        "subject": Subject("comment", comment.id), "kind": comment.kind.value, "state": comment.state.value,
        "name": words.name, "text": words.text, "country": words.country, "case": comment.case,
        "since": comment.received_at, "trapped": comment.trapped,
    }  # fmt: skip


def _wall(state: str, kind: str, cases: Cases, limit: int) -> Iterable[Row]:
    return map(_words, wall.in_state(WORDS[state], cases=cases, limit=limit))


def _words(waiting: wall.Waiting) -> Row:
    entry = waiting.entry
    text = " · ".join(filter(None, (waiting.message, waiting.tribute_name)))
    given = entry.donation.created_at if entry.donation else clock.now()
    case = db.session.get(Case, entry.case_id) if entry.case_id else None
    return {
        "subject": Subject("wall", entry.id), "kind": "wall", "state": STATES.get(entry.words, ""),
        "name": entry.name or "", "text": text, "country": "", "case": case, "since": given, "trapped": False,
    }  # fmt: skip


def _claims(state: str, kind: str, cases: Cases, limit: int) -> Iterable[Row]:
    """Who was entered first comes first; of another state, last."""
    query = select(Invitation).join(Petition, Petition.id == Invitation.petition_id)
    query = visible(query.where(Invitation.state == CLAIMS[state], claims.CLAIMS), Petition.case_id, cases)
    if kind:
        query = query.where(Invitation.kind == InvitationKind(kind))
    order = Invitation.id if state == HELD else Invitation.id.desc()
    return map(_claim, db.session.scalars(query.order_by(order).limit(limit)))


def _claim(row: Invitation) -> Row:
    """What the page would say of them, and their mailbox masked: its domain tells whether they may be who they say."""
    petition = db.session.get_one(Petition, row.petition_id)
    try:
        person = people.opener(petition)(row)
    except UNREADABLE:
        person = {}
    size, email = person.get("size"), person.get("email", "")
    members = ngettext("%(number)s member", "%(number)s members", size, number=format_decimal(size)) if size else ""
    about = (
        person.get("role"),
        person.get("affiliation"),
        members,
        person.get("website"),
        email and masked_address(email),
    )
    return {
        "subject": Subject("notable", row.id), "kind": row.kind.value, "state": CLAIMED.get(row.state, ""),
        "name": person.get("name", ""), "text": " · ".join(filter(None, about)), "country": row.country,
        "case": petition.case, "since": row.confirmed_at or row.created_at, "trapped": False, "petition": petition,
    }  # fmt: skip


FINDERS: Mapping[str, Callable[[int], Row]] = {
    "comment": lambda number: _comment(comments.find(number)),
    "wall": lambda number: _words(wall.opened(wall.get(number))),
    "notable": lambda number: _claim(claims.get(number)),
}
LISTS: Mapping[str, Callable[[str, str, Cases, int], Iterable[Row]]] = {
    "comment": _comments, "wall": _wall, "notable": _claims,
}  # fmt: skip
