"""What the moderation room shows: one queue over kinds, what was reported by many first; and what waits elsewhere."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import NamedTuple

from sqlalchemy import func, select

from cases.comments.models import Comment, CommentState
from cases.models import Case
from core import reports
from core.db import RowNotFound, db
from core.reports import Standing
from donations.models import Donation
from donations.wall.models import WallEntry, Words
from donations.wall.standing import entry_stands
from organisers.accounts.scope import Cases, among, visible
from organisers.moderation import acts, opened, subjects
from organisers.moderation.models import ModerationAct
from organisers.moderation.opened import Row
from organisers.moderation.subjects import APPROVED, HELD, JUDGED, REJECTED, Look, Subject
from petitions.abuse import held_services
from petitions.invitations.judging import CLAIMS
from petitions.invitations.models import Invitation
from petitions.models import Petition
from petitions.states import InvitationState

SHOWN = 50
MANY = 3  # networks: so many reports lift words to the top of the queue; they hide nothing, for that would be a troll's weapon
WAITING, REPORTED = "waiting", "reported"
UNREPORTED = Standing(0, datetime.max)


@dataclass(frozen=True)
class Filter:
    """Which part of the queue: `state` waiting, reported, approved or rejected; `kind` as of an Item, or ''; of
    these cases, or of all and of what belongs to none."""

    state: str = WAITING
    kind: str = ""
    cases: Cases = None


@dataclass(frozen=True)
class Item:
    """One thing to judge, opened; `text` is '' where its seal does not open."""

    subject: Subject
    kind: str  # comment, solidarity, wall, notable, organisation
    state: str
    name: str
    text: str
    country: str
    case: Case | None
    since: datetime
    trapped: bool
    networks: int  # that reported it and wait for an answer
    act: ModerationAct | None  # the judgement that stands
    reported: reports.Open | None  # what they say; None where nobody waits for an answer
    petition: Petition | None = None  # of a claim

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
    found = _items(_rows(wanted, standing), standing)
    if wanted.state not in (APPROVED, REJECTED):
        found.sort(key=lambda one: (one.networks < MANY, one.trapped, one.since, one.subject.name))
    return found[:SHOWN]


def item(subject: Subject) -> Item:
    """One thing to judge, however it stands. Raises the kind's own RowNotFound."""
    [found] = _items([opened.find(subject)], reports.standing())
    return found


def attention(cases: Cases) -> Attention:
    """For the dashboard: comments, words for the wall and claims that nobody has judged, and reports; without what machines
    filled in. Counted only: nothing is opened for it."""
    held = (Comment.state == CommentState.HELD, Comment.trapped.is_(False))
    written = select(func.count(), func.min(Comment.received_at)).where(*held)
    waiting = (WallEntry.words == Words.WAITING, WallEntry.name.is_not(None), entry_stands())
    given = select(func.count(), func.min(Donation.created_at)).select_from(WallEntry)
    given = given.join(Donation, Donation.id == WallEntry.donation_id).where(*waiting)
    claimed = select(func.count(), func.min(Invitation.confirmed_at)).select_from(Invitation)
    claimed = claimed.join(Petition, Petition.id == Invitation.petition_id)
    claimed = claimed.where(Invitation.state == InvitationState.CONFIRMED, CLAIMS)
    rows = [
        db.session.execute(visible(written, Comment.case_id, cases)).one(),
        db.session.execute(visible(given, WallEntry.case_id, cases)).one(),
        db.session.execute(visible(claimed, Petition.case_id, cases)).one(),
    ]
    standing = reports.standing()
    found = subjects.looks(Subject.read(name) for name, said in standing.items() if said.networks)
    reported = [
        standing[subject.name].since for subject, look in found.items() if look.state != HELD and _reached(look, cases)
    ]
    moments = [*(since for _number, since in rows if since), *reported]
    return Attention(sum(number for number, _since in rows) + len(reported), min(moments, default=None))


def held_submissions(cases: Cases) -> list[Elsewhere]:
    """Petitions with held signatures."""
    found = among(held_services.waiting(), cases, lambda one: one.petition.case_id)
    return [Elsewhere(one.petition, one.submissions, one.since) for one in found]


def _reached(look: Look, cases: Cases) -> bool:
    """Whether there is anything to judge, in one of these cases."""
    return look.state in JUDGED and (cases is None or look.case_id in cases)


def _rows(wanted: Filter, standing: Mapping[str, Standing]) -> Iterator[Row]:
    """What stands as the filter says; 'reported' is found by its reports alone."""
    state = {WAITING: HELD}.get(wanted.state, wanted.state)
    if state in JUDGED:
        yield from opened.in_state(state, kind=wanted.kind, cases=wanted.cases, limit=SHOWN)
    if wanted.state in (WAITING, REPORTED):
        yield from islice(_reported(wanted, standing), SHOWN)


def _reported(wanted: Filter, standing: Mapping[str, Standing]) -> Iterator[Row]:
    """Those of the most networks first: so that many small reports push nothing out of sight."""
    named = (Subject.read(name) for name, said in standing.items() if said.networks or wanted.state == WAITING)
    reached = [subject for subject, look in subjects.looks(named).items() if _reached(look, wanted.cases)]
    for subject in sorted(reached, key=lambda one: (-standing[one.name].networks, standing[one.name].since)):
        with suppress(RowNotFound):  # deleted just now
            row = opened.find(subject)
            if wanted.kind in ("", row["kind"]):
                yield row


def _items(rows: Iterable[Row], standing: Mapping[str, Standing]) -> list[Item]:
    named = {row["subject"].name: row for row in rows}
    judged, said = acts.standing_of(named), reports.open_of(named)
    return [
        Item(**row, networks=standing.get(name, UNREPORTED).networks, act=judged.get(name), reported=said.get(name))
        for name, row in named.items()
    ]
