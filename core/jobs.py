"""Jobs: work that is promised in the transaction that needs it, and done by a worker at least once, in one commit each.

A job is claimed with a lease, so that a worker killed in the middle loses nothing; a job that keeps failing ends `dead`."""

import logging
import random
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from sqlalchemy import JSON, ColumnElement, Engine, Index, Integer, LargeBinary, String, Text, bindparam, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from core import clock, leases
from core.bundle import write
from core.db import Base, BigId, UTCDateTime, db, insert
from core.vault import SITE, Sealed, vault

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
ATTEMPTS = 12
PATIENT = dict.fromkeys(("mail", "donations.change", "donations.forget_customer"), 90)  # a week: theirs may be down
SLOWEST_RETRY = timedelta(hours=2)
DEAD_KEPT = timedelta(days=21)
SEALED_CONTEXT = "undersigned/job/v1"
URGENT, NORMAL = 0, 10
WISH = 12  # what somebody may ask for again and again: behind the mails that ask to confirm (relay.CONFIRMATION)

Handler = Callable[["Job"], None]
Conditions = tuple[ColumnElement[bool], ...]
Hook = tuple[str, Mapping[str, Any]]  # a job's kind and its arguments, promised once something has happened


class LeaseLost(Exception):
    """This attempt took longer than its lease, and another worker has taken the job over."""


class NotNow(Exception):
    """What a handler raises when its work cannot be done yet, and nothing failed: the same job is run again later."""

    after = timedelta(hours=1)


class WorkerKilled(Exception):
    """Every attempt at this job ended with its worker."""


class Job(Base):
    """queued → running → done | dead. `key` makes a promise unique for ever; `sealed` arguments go when the job is done."""

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_next", "state", "priority", "run_at"), {"sqlite_autoincrement": True})
    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(16), unique=True)
    kind: Mapped[str] = mapped_column(String(64))
    key: Mapped[str | None] = mapped_column(String(200), unique=True)
    args: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    key_id: Mapped[str | None] = mapped_column(String(16))
    data_key_id: Mapped[str | None] = mapped_column(String(16))
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(16), default="queued")
    priority: Mapped[int] = mapped_column(Integer, default=NORMAL)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    run_at: Mapped[datetime] = mapped_column(UTCDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_error: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    def sealed(self) -> dict[str, Any]:
        """The sealed arguments, opened; needs the keystore."""
        sealed = Sealed(str(self.key_id), str(self.data_key_id), self.blob or b"")
        return vault().open(sealed, scope=SITE, context=SEALED_CONTEXT, public_id=self.public_id)


TABLE: Any = Job.__table__
TAKING = update(TABLE).values(state="running", attempts=Job.attempts + 1).returning(*TABLE.c)
ENDING = update(TABLE).where(Job.id == bindparam("this"), Job.attempts == bindparam("attempt"), Job.state == "running")
ENDING = ENDING.values(lease_until=None).returning(Job.id)


def enqueue(
    kind: str,
    args: Mapping[str, Any] | None = None,
    *,
    key: str | None = None,
    sealed: Mapping[str, Any] | None = None,
    priority: int = NORMAL,
    after: timedelta = timedelta(0),
) -> None:
    """Promises a job in the current transaction; with a `key` that was promised before, nothing happens.

    Personal data goes into `sealed` only; the caller has prepared the vault for SITE before its transaction began."""
    public_id, moment = secrets.token_hex(8), clock.now()
    values: dict[str, Any] = {
        "public_id": public_id, "kind": kind, "key": key, "args": dict(args or {}), "state": "queued", "attempts": 0,
        "priority": priority, "run_at": moment + after, "created_at": moment,
        "key_id": None, "data_key_id": None, "blob": None,
    }  # fmt: skip
    if sealed is not None:
        box = vault().seal(SITE, SEALED_CONTEXT, public_id, sealed)
        values |= {"key_id": box.key_id, "data_key_id": box.data_key_id, "blob": box.blob}
    write(_promised(db.engine.dialect.name), values)


@cache
def _promised(dialect: str) -> Any:
    return insert(Job.__table__).on_conflict_do_nothing(index_elements=["key"])


def enqueue_otherwise(job: Job, why: str) -> None:
    """Promises what a job's `otherwise` asks for, now that the job will never do its own work."""
    if "otherwise" in job.args:
        kind, args = job.args["otherwise"]
        enqueue(kind, {**args, "why": why}, key=f"otherwise:{job.public_id}", priority=URGENT)


def claim(moment: datetime, *conditions: ColumnElement[bool]) -> Job | None:
    """The next job whose time has come, of those that the conditions let through, leased to this worker in a transaction
    of its own."""
    any_left = db.session.scalar(_first(moment, *conditions, left=True)) is not None
    first = _first(moment, *conditions, left=any_left)  # never both in one query: the index orders one state only
    if db.engine.dialect.name == "sqlite" and db.session.scalar(first) is None:  # an idle worker takes no write lock
        return None
    job = _take(first, moment)
    db.session.commit()
    return job


def claim_along(moment: datetime, *conditions: ColumnElement[bool]) -> Job | None:
    """`claim` within the transaction under way, which the caller commits; what a killed worker left is not looked for."""
    return _take(_first(moment, *conditions), moment)


def run(job: Job, handlers: Mapping[str, Handler], along: Callable[[], Job | None] = lambda: None) -> Job | None:
    """Runs a claimed job: its effects and its end are one commit; a failure is put off with growing, jittered delays.

    `along` may claim the next one in the same commit; it is returned."""
    job_id, kind, attempts = job.id, job.kind, job.attempts
    outside: list[Callable[[], None]] = []
    db.session().info["happened"] = outside
    vault().prepare(SITE)
    try:
        if attempts > most_attempts(kind):  # no handler has failed: each time the worker itself was gone
            raise WorkerKilled
        with leases.kept(partial(_renew, db.engine, job_id, attempts), LEASE.total_seconds() / 4):
            handlers[job.kind](job)
        _finish(job_id, attempts, state="done", blob=None, last_error=None, finished_at=clock.now())
        following = along()
        db.session.commit()
        return following
    except NotNow as later:
        db.session.rollback()
        with suppress(LeaseLost):
            _finish(job_id, attempts, state="queued", attempts=attempts - 1, run_at=clock.now() + later.after)
        db.session.commit()
        return None
    except Exception as error:  # noqa: BLE001 - whatever a handler raises, the job must be kept
        db.session.rollback()
        log.warning("job %s (%s) failed, attempt %s: %s", job_id, job.kind, attempts, type(error).__name__)
        for write_again in outside:
            write_again()
        with suppress(LeaseLost):
            _postpone(job, attempts, error)
        db.session.commit()
        return None


def happened(note: Callable[[], None]) -> None:
    """Writes what has happened outside, by the job that runs: in its commit, or without it where the job is rolled back."""
    note()
    db.session().info["happened"].append(note)


def run_pending(handlers: Mapping[str, Handler], which: Callable[[datetime], Conditions] = lambda moment: ()) -> int:
    """Runs every job whose time has come and that `which` lets through at that moment; the number of jobs run."""

    def along() -> Job | None:
        return claim_along(clock.now(), *which(clock.now()))

    count, moment = 0, clock.now()
    while (job := claim(moment, *which(moment))) is not None:
        while job is not None:
            job, count = run(job, handlers, along), count + 1
        moment = clock.now()
    return count


def _first(moment: datetime, *conditions: ColumnElement[bool], left: bool = False) -> Any:
    """The next that is due; or, of those `left` by a worker that was killed, the next."""
    state, since = ("running", Job.lease_until) if left else ("queued", Job.run_at)
    due = (Job.state == state, since <= moment)
    return select(Job.id).where(*due, *conditions).order_by(Job.priority, Job.run_at, Job.id).limit(1)


def _take(first: Any, moment: datetime) -> Job | None:
    """The first that is due, as this worker's; no part of the session, whose commits would forget what it says."""
    if db.engine.dialect.name == "postgresql":
        first = first.with_for_update(skip_locked=True)
    taking = TAKING.where(Job.id == first.scalar_subquery()).values(lease_until=moment + LEASE)
    row = db.session.execute(taking).mappings().one_or_none()
    return Job(**row) if row is not None else None


def most_attempts(kind: str) -> int:
    return PATIENT.get(kind, ATTEMPTS)


def empty_dead() -> bool:
    """The worker's tick: what a dead job holds sealed of a person goes after 21 days; nobody has taken it up. Commits."""
    old = (Job.state == "dead", Job.blob.is_not(None), Job.finished_at < clock.now() - DEAD_KEPT)
    emptied = db.session.execute(update(Job).where(*old).values(blob=None).returning(Job.id)).all()
    db.session.commit()
    return bool(emptied)


def _renew(engine: Engine, job_id: int, attempts: int) -> None:
    """Prolongs the lease of this attempt, on a connection of its own."""
    mine = (Job.id == job_id, Job.attempts == attempts, Job.state == "running")
    try:
        with engine.begin() as connection:
            connection.execute(update(Job).where(*mine).values(lease_until=clock.now() + LEASE))
    except SQLAlchemyError:  # SQLite: the job itself holds the write lock, so nobody can take it over either
        log.info("the lease of job %s was not renewed this time", job_id)


def _postpone(job: Job, attempts: int, error: Exception) -> None:
    code = getattr(error, "smtp_code", None) or getattr(error, "errno", None)
    reason = f"{type(error).__name__} {code or ''}".strip()  # never its text: a mail server's answer names the address
    if attempts >= most_attempts(job.kind):
        log.error("job %s is dead after %s attempts", job.id, attempts)
        _finish(job.id, attempts, state="dead", last_error=reason, finished_at=clock.now())
        told, key = {"kind": "job-dead", "detail": {"job": job.kind}}, f"alarm:job-dead:{job.kind}:{clock.now():%Y%m%d}"
        enqueue("alarm", told, key=key, priority=URGENT)
        return enqueue_otherwise(job, "dead")
    delay = min(timedelta(seconds=2 ** min(attempts, 20)) * random.uniform(0.75, 1.25), SLOWEST_RETRY)
    return _finish(job.id, attempts, state="queued", last_error=reason, run_at=clock.now() + delay)


def _finish(job_id: int, attempts: int, /, **values: Any) -> None:
    """Ends this attempt only. Raises LeaseLost where another worker has the job by now: only one's effects may stay."""
    this = {"this": job_id, "attempt": attempts}
    ended = db.session.execute(ENDING.values({name: bindparam(name) for name in values}), {**this, **values}).scalar()
    if ended is None:
        raise LeaseLost
