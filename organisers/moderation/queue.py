"""What the moderation room shows: one queue over kinds, what was reported by many first; and what waits elsewhere."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, select

from cases.comments import judging as comments
from cases.comments.models import Comment, CommentState
from cases.models import Case
from core import clock, reports
from core.db import RowNotFound, db
from core.reports import Standing
from donations.models import Donation
from donations.wall import services as wall
from donations.wall.models import WallEntry, Words
from donations.wall.standing import entry_stands
from organisers.accounts.scope import Cases, among, visible
from organisers.moderation import acts
from organisers.moderation.judging import APPROVED, HELD, REJECTED, STATES, WORDS, Subject
from organisers.moderation.models import ModerationAct
from petitions.abuse import held_services
from petitions.invitations.models import Invitation
from petitions.models import Petition
from petitions.states import InvitationKind, InvitationState

SHOWN = 50
MANY = 3  # networks: so many reports lift words to the top of the queue; they hide nothing, for that would be a troll's weapon
WAITING, REPORTED = "waiting", "reported"
UNREPORTED = Standing(0, datetime.max)


@dataclass(frozen=True)
class Filter:
    """Which part of the queue: `state` waiting, reported, approved or rejected; `kind` comment, solidarity, wall or ''; of
    these cases, or of all and of what belongs to none."""

    state: str = WAITING
    kind: str = ""
    cases: Cases = None


@dataclass(frozen=True)
class Item:
    """One thing to judge, opened; `text` is '' where its seal does not open."""

    subject: Subject
    kind: str  # comment, solidarity, wall
    state: str
    name: str
    text: str
    country: str
    case: Case | None
    since: datetime
    trapped: bool
    networks: int  # that reported it and wait for an answer
    act: ModerationAct | None  # the judgement that stands

    @property
    def anchor(self) -> str:
        return f"{self.subject.kind}-{self.subject.number}"


class Elsewhere(NamedTuple):
    """What waits on a petition's own pages."""

    petition: Petition
    waiting: int
    since: datetime | None


class Attention(NamedTuple):
    """How many wait in the room, and since when the oldest does; None where nothing waits."""

    number: int
    since: datetime | None


def items(wanted: Filter) -> list[Item]:
    """The queue in the order in which it should be judged: much reported, then by age, what machines filled in last."""
    standing = reports.standing()
    found: dict[str, Item] = {}
    for item in (*_of_state(wanted, standing), *_reported(wanted, standing)):
        if _wanted(item, wanted):
            found.setdefault(item.subject.name, item)
    if wanted.state in (APPROVED, REJECTED):
        return list(found.values())[:SHOWN]
    ordered = sorted(found.values(), key=lambda one: (one.networks < MANY, one.trapped, one.since, one.subject.name))
    return ordered[:SHOWN]


def item(subject: Subject) -> Item:
    """One thing to judge, however it stands. Raises the kind's own RowNotFound."""
    return next(_items([FINDERS[subject.kind](subject.number)], reports.standing()))


def case_of(subject: Subject) -> int | None:
    """The case that it belongs to; None for words on the wall of the general fund. Raises the kind's own RowNotFound."""
    case = item(subject).case
    return case.id if case else None


def attention(cases: Cases) -> Attention:
    """For the dashboard: what nobody has judged, comments, words for the wall and reports; without what machines filled in."""
    held = (Comment.state == CommentState.HELD, Comment.trapped.is_(False))
    written = select(func.count(), func.min(Comment.received_at)).where(*held)
    waiting = (WallEntry.words == Words.WAITING, WallEntry.name.is_not(None), entry_stands())
    given = select(func.count(), func.min(Donation.created_at)).select_from(WallEntry)
    given = given.join(Donation, Donation.id == WallEntry.donation_id).where(*waiting)
    rows = [
        db.session.execute(visible(written, Comment.case_id, cases)).one(),
        db.session.execute(visible(given, WallEntry.case_id, cases)).one(),
    ]
    standing = reports.standing()
    reported = [standing[one.subject.name].since for one in items(Filter(state=REPORTED, cases=cases))]
    moments = [*(since for _number, since in rows if since), *reported]
    return Attention(sum(number for number, _since in rows) + len(reported), min(moments, default=None))


def held_submissions(cases: Cases) -> list[Elsewhere]:
    """Petitions with held signatures."""
    found = among(held_services.waiting(), cases, lambda one: one.petition.case_id)
    return [Elsewhere(one.petition, one.submissions, one.since) for one in found]


def invitations(cases: Cases) -> list[Elsewhere]:
    """Petitions on which a notable or an organisation has confirmed and waits for approval."""
    waits = (Invitation.state == InvitationState.CONFIRMED, Invitation.kind != InvitationKind.MEMBER)
    counted = select(Invitation.petition_id, func.count(), func.min(Invitation.confirmed_at)).where(*waits)
    rows = db.session.execute(counted.group_by(Invitation.petition_id).order_by(Invitation.petition_id)).all()
    found = [Elsewhere(db.session.get_one(Petition, key), number, since) for key, number, since in rows]
    return among(found, cases, lambda one: one.petition.case_id)


def _wanted(item: Item, wanted: Filter) -> bool:
    if item.state not in WORDS:  # its writer has taken it back
        return False
    in_case = wanted.cases is None or (item.case is not None and item.case.id in wanted.cases)
    return in_case and wanted.kind in ("", item.kind) and (wanted.state != REPORTED or item.networks > 0)


def _of_state(wanted: Filter, standing: Mapping[str, Standing]) -> Iterator[Item]:
    """What stands as the filter says, of both kinds; 'reported' is found by its reports alone."""
    state = {WAITING: HELD}.get(wanted.state, wanted.state)
    if state in WORDS:
        kind = wanted.kind if wanted.kind in ("comment", "solidarity") else ""
        state_of = CommentState(state)
        held = comments.in_state(state_of, cases=wanted.cases, kind=kind, limit=SHOWN)
        yield from _items([_comment(one) for one in held], standing)
        on_wall = wall.in_state(WORDS[state], cases=wanted.cases, limit=SHOWN)
        yield from _items([_words(one) for one in on_wall], standing)


def _reported(wanted: Filter, standing: Mapping[str, Standing]) -> Iterator[Item]:
    if wanted.state in (WAITING, REPORTED):
        yield from _opened([Subject.read(name) for name in standing], standing)


def _opened(subjects: Sequence[Subject], standing: Mapping[str, Standing]) -> Iterator[Item]:
    rows = []
    for subject in subjects:
        try:
            rows.append(FINDERS[subject.kind](subject.number))
        except RowNotFound:  # reported, and deleted since
            continue
    yield from _items(rows, standing)


Row = dict[str, object]


def _items(rows: Sequence[Row], standing: Mapping[str, Standing]) -> Iterator[Item]:
    names = [row["subject"].name for row in rows]  # type: ignore[attr-defined]
    done = acts.standing_of(names)
    for name, row in zip(names, rows, strict=True):
        yield Item(**row, networks=standing.get(name, UNREPORTED).networks, act=done.get(name))  # type: ignore[arg-type]


def _comment(comment: Comment) -> Row:
    words = comments.words_of(comment)
    return {
        "subject": Subject("comment", comment.id), "kind": comment.kind.value, "state": comment.state.value,
        "name": words.name, "text": words.text, "country": words.country, "case": comment.case,
        "since": comment.received_at, "trapped": comment.trapped,
    }  # fmt: skip


def _words(waiting: wall.Waiting) -> Row:
    entry = waiting.entry
    text = " · ".join(filter(None, (waiting.message, waiting.tribute_name)))
    given = entry.donation.created_at if entry.donation else clock.now()
    case = db.session.get(Case, entry.case_id) if entry.case_id else None
    return {
        "subject": Subject("wall", entry.id), "kind": "wall", "state": STATES.get(entry.words, ""),
        "name": entry.name or "", "text": text, "country": "", "case": case, "since": given, "trapped": False,
    }  # fmt: skip


FINDERS: Mapping[str, Callable[[int], Row]] = {
    "comment": lambda number: _comment(comments.find(number)),
    "wall": lambda number: _words(wall.opened(wall.get(number))),
}
