"""The held queue: submissions that a rule set aside, seen by organisers, released or discarded in bulk.

What nobody has judged in 72 hours is mailed in a trickle, so that nobody who meant it is silenced by our doubt."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Update, and_, case, func, insert, literal, or_, select, update

from core import audit, clock
from core.db import UTCDateTime, db
from core.masks import masked_address
from petitions import mails
from petitions.abuse.models import HeldJudgement
from petitions.models import LIVE, Petition, Submission
from petitions.persons import UNREADABLE, opener
from petitions.signature_services import GRACE, takes_signatures
from petitions.states import HIDDEN_STATES, RELEASABLE, REVIEWED, HeldReason, PetitionState, SubmissionState

SAMPLE = 20
UNDO_LIFE = timedelta(days=7)  # of a judgement: so long what was discarded stays sealed
JUDGED_WITHIN = timedelta(hours=72)
TRICKLE = 30  # a minute
CLOSING = timedelta(hours=24)  # no time is left for a judgement
SILENT = {"synchronize_session": False}


class NothingChosen(ValueError):
    """Neither a group nor a row was chosen: never everything by mistake."""


class TakesNone(ValueError):
    """The petition takes no signatures any more: a released submission could not be confirmed."""


class Group(NamedTuple):
    """Held submissions of one reason, and of one wave where they belong to one."""

    reason: HeldReason
    cluster_id: str | None
    submissions: int
    first_at: datetime
    last_at: datetime


class Shown(NamedTuple):
    """One held submission as an organiser may see it."""

    id: int
    name: str
    address: str
    country: str
    reason: HeldReason
    cluster_id: str | None
    received_at: datetime


class Waiting(NamedTuple):
    """A petition's held submissions that wait for a judgement, and since when the oldest does."""

    petition: Petition
    submissions: int
    since: datetime


def waiting() -> list[Waiting]:
    """Every petition that has any, the longest waiting first."""
    counts = select(Submission.petition_id, func.count(), func.min(Submission.held_at)).where(*_held())
    rows = db.session.execute(counts.group_by(Submission.petition_id).order_by(func.min(Submission.held_at))).all()
    return [Waiting(db.session.get_one(Petition, key), count, since or clock.now()) for key, count, since in rows]


def groups(petition: Petition) -> list[Group]:
    """The petition's held queue by reason and wave, the largest group first."""
    keys = (Submission.held_reason, Submission.cluster_id)
    counts = (func.count().label("n"), func.min(Submission.received_at), func.max(Submission.received_at))
    query = select(*keys, *counts).where(*_held(RELEASABLE), Submission.petition_id == petition.id).group_by(*keys)
    rows = db.session.execute(query.order_by(func.count().desc())).all()
    return [Group(*row) for row in rows]  # type: ignore[arg-type]


def sample(petition: Petition, *, reason: str = "", cluster: str = "") -> list[Shown]:
    """Up to 20 of the newest in the queue or in one group of it, opened; addresses are masked."""
    ids = (
        select(Submission.id)
        .where(*_chosen(petition, reason, cluster, ()))
        .order_by(Submission.id.desc())
        .limit(SAMPLE)
    )
    query = select(Submission).where(
        Submission.id.in_(ids.scalar_subquery())
    )  # sorting whole rows of a long queue is slow
    newest = db.session.scalars(query.order_by(Submission.id.desc())).all()
    open_row = opener(petition)
    return [_show(row, open_row) for row in newest]


def release(
    petition: Petition, *, judgement: int, actor: str, reason: str = "", cluster: str = "", ids: Sequence[int] = ()
) -> int:
    """Lets a group, or chosen rows, go: the worker judges each again, without the rules that held it, and mails.

    The number of submissions; `judgement` is the number by which `held_undoing` finds them. Raises NothingChosen, TakesNone."""
    if not takes_signatures(petition):
        raise TakesNone(petition.slug)
    number = len(_release(_marked(judgement, _wanted(petition, reason, cluster, ids))))
    _journal("held.released", petition, actor, number, reason, cluster)
    return number


def discard(
    petition: Petition, *, judgement: int, actor: str, reason: str = "", cluster: str = "", ids: Sequence[int] = ()
) -> int:
    """Sets a group, or chosen rows, aside without a mail; they stay sealed for a week, in which it can be undone, and are
    emptied then. The number of them. Raises NothingChosen."""
    ended = {"state": SubmissionState.DISCARDED, "code_digest": None, "expires_at": clock.now() + UNDO_LIFE}
    change = update(Submission).where(*_marked(judgement, _wanted(petition, reason, cluster, ids))).values(ended)
    gone = db.session.execute(change.returning(Submission.public_id, Submission.mails), execution_options=SILENT).all()
    mails.recall(row.public_id for row in gone if row.mails)
    _journal("held.discarded", petition, actor, len(gone), reason, cluster)
    return len(gone)


def trickle() -> bool:
    """The worker's tick: what nobody has judged in 72 hours is let go, the oldest first, a few a minute; before those
    whatever could not be confirmed any more if it waited, since its petition closes. Commits."""
    closing = Submission.petition_id.in_(_closing())
    unjudged = and_(Submission.held_at < clock.now() - JUDGED_WITHIN, Submission.petition_id.in_(open_ids()))
    first = (case((closing, 0), else_=1), Submission.held_at, Submission.id)
    oldest = select(Submission.id).where(*_held(), or_(closing, unjudged)).order_by(*first).limit(TRICKLE)
    ids = db.session.scalars(oldest).all()
    if ids and (most := TRICKLE - _just_released()) > 0:
        _release((*_held(), Submission.id.in_(ids[:most])))
        db.session.commit()
    return False  # a minute's share, however many workers there are and however often they come round


def release_wave(petition: Petition, wave: str) -> int:
    """Lets go what was held for one wave, which an organiser has called none. The number of submissions."""
    if not takes_signatures(petition):
        return 0
    own = (
        Submission.petition_id == petition.id,
        Submission.cluster_id == wave,
        Submission.held_reason == HeldReason.WAVE,
    )
    return len(_release((*_held(), *own)))


def refused_since(moment: datetime) -> int:
    """How many mailboxes were said to refuse us since then, whose signature could still be confirmed."""
    return db.session.scalar(select(func.count()).where(*_refused(moment))) or 0


def release_refused(moment: datetime, *, actor: str) -> int:
    """Writes again to all of them, on every petition: it was not their mailboxes. The number of submissions."""
    number = len(_release(_refused(moment)))
    audit.record("held.released", "refused", actor=actor, submissions=number, since=moment.isoformat())
    return number


def _held(reasons: Sequence[HeldReason] = REVIEWED) -> tuple[ColumnElement[bool], ...]:
    return LIVE, Submission.state == SubmissionState.HELD, Submission.held_reason.in_(reasons)  # type: ignore[return-value]


def _refused(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    return *_held((HeldReason.REFUSED,)), Submission.held_at >= moment, Submission.petition_id.in_(open_ids())


def _chosen(petition: Petition, reason: str, cluster: str, ids: Iterable[int]) -> list[ColumnElement[bool]]:
    wanted = [
        (reason, Submission.held_reason == reason), (cluster, Submission.cluster_id == cluster),
        (ids, Submission.id.in_(ids)),
    ]  # fmt: skip
    return [*_held(RELEASABLE), Submission.petition_id == petition.id, *(where for given, where in wanted if given)]


def _wanted(petition: Petition, reason: str, cluster: str, ids: Sequence[int]) -> list[ColumnElement[bool]]:
    if not (reason or cluster or ids):
        raise NothingChosen
    return _chosen(petition, reason, cluster, ids)


def _marked(judgement: int, wanted: Sequence[ColumnElement[bool]]) -> list[ColumnElement[bool]]:
    """Exactly the rows that are wanted at this moment, noted as judged; of two organisers at once one finds them."""
    columns = (literal(judgement), Submission.id, Submission.held_reason, literal(clock.now(), UTCDateTime))
    chosen = select(*columns).where(*wanted).with_for_update(of=Submission)
    names = [HeldJudgement.judgement_id, HeldJudgement.submission_id, HeldJudgement.reason, HeldJudgement.at]
    db.session.execute(insert(HeldJudgement).from_select(names, chosen))
    marked = select(HeldJudgement.submission_id).where(HeldJudgement.judgement_id == judgement)
    return [Submission.id.in_(marked)]


def _release(wanted: Iterable[ColumnElement[bool]]) -> Sequence[int]:
    go: Update = update(Submission).where(*wanted)
    values = {"state": SubmissionState.RECEIVED, "released_at": clock.now(), "held_reason": None, "held_at": None}
    return db.session.scalars(go.values(values).returning(Submission.id), execution_options=SILENT).all()


def _just_released() -> int:
    minute = Submission.released_at > clock.now() - timedelta(minutes=1)
    return db.session.scalar(select(func.count()).where(minute)) or 0


def open_ids() -> Select[Any]:
    """Ids of the petitions that take signatures now."""
    unended = Petition.closes_at.is_(None) | (Petition.closes_at > clock.now())
    return select(Petition.id).where(Petition.state == PetitionState.OPEN, unended)


def _closing() -> Select[Any]:
    """Ids of the petitions that close within a day, or have just closed: who signed in time may still confirm there."""
    now = clock.now()
    until = (Petition.closes_at > now - GRACE, Petition.closes_at < now + CLOSING)
    return select(Petition.id).where(*until, Petition.state.not_in((PetitionState.PAUSED, *HIDDEN_STATES)))


def _show(row: Submission, open_row: Any) -> Shown:
    try:
        person = open_row(row.key_id, row.data_key_id, row.blob or b"", row.public_id)
        name, address = person["name"], masked_address(person["email"])
    except UNREADABLE:
        name, address = "", ""
    reason = row.held_reason or HeldReason.UNREADABLE
    return Shown(row.id, name, address, row.country, reason, row.cluster_id, row.received_at)


def _journal(act: str, petition: Petition, actor: str, number: int, reason: str, cluster: str) -> None:
    audit.record(act, petition.slug, actor=actor, submissions=number, reason=reason, cluster=cluster)
