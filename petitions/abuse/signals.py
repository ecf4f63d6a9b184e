"""Signals of waves: which are on, who belongs to one, and what an organiser says of it.

A signal is live while its wave lasts and an hour longer; what matches it meanwhile is held, where only a number is strange once
an organiser has called it a wave or it is huge. One that was called none has no rows any more (`submissions` is 0), holds
nobody, and the same is not told again for a while."""

import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, update

from core import audit, clock
from core.db import RowNotFound, db
from core.keystore import Keystore
from core.mailboxes.mail_domains import disposable
from core.vault import vault
from petitions.abuse import waves
from petitions.abuse.likeness import domain_of, family_of, imitates, is_alias, is_mixed, is_own, name_key
from petitions.abuse.models import Signal
from petitions.abuse.waves import Look
from petitions.models import Petition, Signature, Submission
from petitions.states import REVIEWED, SignalKind, SignatureState, SubmissionState

QUIET = timedelta(minutes=60)  # a wave without a new unusual group for so long is over
MUTED = timedelta(hours=24)
SETTLED_SHOWN = 20
SEVERAL = 3  # rows of a wave make a network one of its own
SILENT = {"synchronize_session": False}


class SignalNotFound(RowNotFound):
    """No such signal."""


class SettledAlready(ValueError):
    """Somebody has settled this signal meanwhile."""


def get(signal_id: int) -> Signal:
    """Raises SignalNotFound."""
    found = db.session.get(Signal, signal_id)
    if found is None:
        raise SignalNotFound(signal_id)
    return found


def unsettled(cases: Collection[int] | None = None) -> Sequence[Signal]:
    """What waits for an organiser, the newest first; of these cases, or of all."""
    return db.session.scalars(_of(cases).where(Signal.settled_at.is_(None)).order_by(Signal.id.desc())).all()


def settled(cases: Collection[int] | None = None) -> Sequence[Signal]:
    """The last ones that were settled; of these cases, or of all."""
    done = _of(cases).where(Signal.settled_at.is_not(None)).order_by(Signal.settled_at.desc(), Signal.id.desc())
    return db.session.scalars(done.limit(SETTLED_SHOWN)).all()


def numbers_of(signals: Sequence[Signal]) -> dict[str, tuple[int, int]]:
    """(held, confirmed) by cluster id: what may be judged, and what may be invalidated."""
    ids = [signal.cluster_id for signal in signals]
    held = (
        Submission.cluster_id.in_(ids),
        Submission.state == SubmissionState.HELD,
        Submission.held_reason.in_(REVIEWED),
    )
    valid = (Signature.cluster_id.in_(ids), Signature.state == SignatureState.VALID)
    counts = {key: [0, 0] for key in ids}
    if not ids:  # a database would look through all that is held for nothing
        return {}
    for place, (column, where) in enumerate(((Submission.cluster_id, held), (Signature.cluster_id, valid))):
        for key, number in db.session.execute(select(column, func.count()).where(*where).group_by(column)):
            counts[str(key)][place] = number
    return {key: (held_ones, valid_ones) for key, (held_ones, valid_ones) in counts.items()}


def wave_of(submission: Submission, person: Mapping[str, Any]) -> Signal | None:
    """The wave to which this opened submission belongs while it lasts, one that holds before one that does not; or None."""
    live = sorted(live_of(submission.petition_id), key=holds, reverse=True)
    if not live:
        return None
    look = look_at(submission, person)
    return next((one for one in live if belongs(look, one, partial(_sends, one.cluster_id))), None)


def holds(signal: Signal) -> bool:
    """Whether what matches waits for an organiser: a mere number, unless it is huge, does so once one has called it a wave."""
    huge = signal.submissions >= waves.HUGE or not waves.is_number(signal.kind, signal.value)
    return huge or signal.settled_at is not None


def live_of(petition_id: int) -> Sequence[Signal]:
    """The petition's waves that last, the oldest first."""
    lasting = (Signal.petition_id == petition_id, Signal.last_at > clock.now() - QUIET, ~_dismissed())
    return db.session.scalars(select(Signal).where(*lasting).order_by(Signal.id)).all()


def muted(petition_id: int) -> set[tuple[SignalKind, str]]:
    """(kind, value) of what an organiser has lately called no wave."""
    recent = (Signal.petition_id == petition_id, Signal.settled_at > clock.now() - MUTED, _dismissed())
    return {(kind, value) for kind, value in db.session.execute(select(Signal.kind, Signal.value).where(*recent))}


def belongs(look: Look, signal: Signal, sends: Callable[[str], bool]) -> bool:
    """Whether a submission is of a wave: of its group, or from one of its networks with an address foreign to the name.

    Where honest people must be in the group too, those of its networks only. `sends`: whether a bucket is one of them."""
    if signal.value in waves.VALUES[signal.kind](look):
        if not waves.is_wide(signal.kind, signal.value, signal.submissions, signal.expected):
            return True
    elif look.own is not False:
        return False
    return waves.is_network(look.bucket) and sends(str(look.bucket))


def networks_of(signal: Signal) -> set[str]:
    """The buckets of a wave's submissions, as long as these have any."""
    mine = (Submission.cluster_id == signal.cluster_id, Submission.bucket.is_not(None))
    several = select(Submission.bucket).where(*mine).group_by(Submission.bucket).having(func.count() >= SEVERAL)
    return {str(bucket) for bucket in db.session.scalars(several)}


def look_at(row: Any, person: Mapping[str, Any]) -> Look:
    """What a wave may be told by; names and families of addresses as keyed hashes."""
    name, email = str(person["name"]), str(person["email"])
    key, domain = _key(vault().keystore), domain_of(email)
    return Look(
        id=row.id, at=row.received_at, country=row.country, domain=domain, family=_mark(key, family_of(email)),
        name=_mark(key, name_key(name)), own=is_own(name, email), alias=is_alias(email),
        odd=is_mixed(name) or is_mixed(email) or imitates(email), disposable=disposable(domain),
        bucket=row.bucket, cluster_id=row.cluster_id,
    )  # fmt: skip


def settle(signal: Signal, *, actor: str) -> None:
    """An organiser has seen to it: off the dashboard; what matches is held while the wave lasts. Raises SettledAlready."""
    _close(signal, actor)
    _journal("signal.settled", signal, actor)


def dismiss(signal: Signal, *, actor: str) -> int:
    """An organiser has called it no wave: its rows lose their cluster id. How many were unstamped. Raises SettledAlready."""
    _close(signal, actor, submissions=0)
    rows = 0
    for table in (Submission, Signature):
        change = update(table).where(table.cluster_id == signal.cluster_id).values(cluster_id=None)
        rows = max(rows, db.session.execute(change, execution_options=SILENT).rowcount)  # type: ignore[attr-defined]
    _journal("signal.dismissed", signal, actor)
    return rows


def settle_cluster(cluster_id: str, *, actor: str) -> None:
    """Settles the signal of a cluster, if it still waits: its signatures are being invalidated."""
    waits = (Signal.cluster_id == cluster_id, Signal.settled_at.is_(None))
    for signal in db.session.scalars(select(Signal).where(*waits)):
        settle(signal, actor=actor)


def _close(signal: Signal, actor: str, **values: Any) -> None:
    waits = (Signal.id == signal.id, Signal.settled_at.is_(None))
    closed = update(Signal).where(*waits).values(settled_at=clock.now(), settled_by=actor, **values)
    if db.session.execute(closed.returning(Signal.id), execution_options=SILENT).scalar() is None:
        raise SettledAlready(signal.id)
    db.session.refresh(signal)


def _dismissed() -> ColumnElement[bool]:
    return Signal.settled_at.is_not(None) & (Signal.submissions == 0)


def _sends(cluster_id: str, bucket: str) -> bool:
    same = (Submission.cluster_id == cluster_id, Submission.bucket == bucket)
    return len(db.session.scalars(select(Submission.id).where(*same).limit(SEVERAL)).all()) == SEVERAL


@lru_cache(maxsize=2)
def _key(keystore: Keystore) -> bytes:
    """Read once: some thousand submissions are looked at each minute."""
    return keystore.key_for("signals")


def _mark(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256")[:12].hex()


def _journal(act: str, signal: Signal, actor: str) -> None:
    slug = db.session.scalar(select(Petition.slug).where(Petition.id == signal.petition_id))
    audit.record(act, f"{slug}:{signal.cluster_id}", actor=actor, kind=signal.kind, submissions=signal.submissions)


def _of(cases: Collection[int] | None) -> Select[Signal]:
    query = select(Signal)
    if cases is None:
        return query
    return query.where(Signal.petition_id.in_(select(Petition.id).where(Petition.case_id.in_(cases))))
