"""Jobs: work that is promised in the transaction that needs it, and done by a worker at least once, in one commit each.

A job is claimed with a lease, so that a worker killed in the middle loses nothing; a job that keeps failing ends `dead`."""

import logging
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    JSON,
    ColumnElement,
    Engine,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    and_,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.bundle import write
from core.db import Base, BigId, UTCDateTime, db, insert
from core.vault import SITE, Sealed, vault

log = logging.getLogger(__name__)

LEASE = timedelta(minutes=2)
RENEWED_EVERY = LEASE / 4
ATTEMPTS = 12
PATIENT = dict.fromkeys(("mail", "donations.change", "donations.forget_customer"), 90)  # a week: theirs may be down
SLOWEST_RETRY = timedelta(hours=2)
DEAD_KEPT = timedelta(days=21)
SEALED_CONTEXT = "undersigned/job/v1"
URGENT, NORMAL = 0, 10
HALTED = timedelta(hours=1)  # until a switch that is off is looked at again
WISH = 12  # what somebody may ask for again and again: behind the mails that ask to confirm (relay.CONFIRMATION)

Handler = Callable[["Job"], None]
Conditions = tuple[ColumnElement[bool], ...]
Hook = tuple[str, Mapping[str, Any]]  # a job's kind and its arguments, promised once something has happened


class LeaseLost(Exception):
    """This attempt took longer than its lease, and another worker has taken the job over."""


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


def put_off(job: Job) -> None:
    """Promises a job's work once more, for later: this time it could not be done, and nothing failed."""
    enqueue(job.kind, job.args, sealed=job.sealed(), priority=job.priority, after=HALTED)


def enqueue_otherwise(job: Job, why: str) -> None:
    """Promises what a job's `otherwise` asks for, now that the job will never do its own work."""
    if "otherwise" in job.args:
        kind, args = job.args["otherwise"]
        enqueue(kind, {**args, "why": why}, key=f"otherwise:{job.public_id}", priority=URGENT)


def claim(moment: datetime, *conditions: ColumnElement[bool]) -> Job | None:
    """The next job whose time has come, of those that the conditions let through, leased to this worker in a transaction
    of its own."""
    queued = and_(Job.state == "queued", Job.run_at <= moment)
    left = and_(Job.state == "running", Job.lease_until <= moment)  # by a worker that was killed
    any_left = db.session.scalar(select(Job.id).where(left, *conditions).limit(1)) is not None
    due = left if any_left else queued  # never both in one query: the index gives the order of one state only
    next_one = select(Job.id).where(due, *conditions).order_by(Job.priority, Job.run_at, Job.id).limit(1)
    if db.engine.dialect.name == "postgresql":
        next_one = next_one.with_for_update(skip_locked=True)
    elif db.session.scalar(next_one) is None:  # an idle SQLite worker takes no write lock
        return None
    values = {"state": "running", "lease_until": moment + LEASE, "attempts": Job.attempts + 1}
    claimed = db.session.execute(
        update(Job).where(Job.id == next_one.scalar_subquery()).values(values).returning(Job.id)
    ).scalar()
    db.session.commit()
    return db.session.get(Job, claimed) if claimed is not None else None


def run(job: Job, handlers: Mapping[str, Handler]) -> None:
    """Runs a claimed job: its effects and its end are one commit; a failure is put off with growing, jittered delays."""
    job_id, kind, attempts = job.id, job.kind, job.attempts
    vault().prepare(SITE)
    try:
        if attempts > most_attempts(kind):  # no handler has failed: each time the worker itself was gone
            raise WorkerKilled
        with _leased(job_id, attempts):
            handlers[job.kind](job)
        _finish(job_id, attempts, state="done", blob=None, last_error=None, finished_at=clock.now())
        db.session.commit()
    except Exception as error:  # noqa: BLE001 - whatever a handler raises, the job must be kept
        db.session.rollback()
        log.warning("job %s (%s) failed, attempt %s: %s", job_id, job.kind, attempts, type(error).__name__)
        with suppress(LeaseLost):
            _postpone(job, attempts, error)
        db.session.commit()


def run_pending(handlers: Mapping[str, Handler], which: Callable[[datetime], Conditions] = lambda moment: ()) -> int:
    """Runs every job whose time has come and that `which` lets through at that moment; the number of jobs run."""
    count, moment = 0, clock.now()
    while (job := claim(moment, *which(moment))) is not None:
        run(job, handlers)
        count, moment = count + 1, clock.now()
    return count


def most_attempts(kind: str) -> int:
    return PATIENT.get(kind, ATTEMPTS)


def empty_dead() -> bool:
    """The worker's tick: what a dead job holds sealed of a person goes after 21 days; nobody has taken it up. Commits."""
    old = (Job.state == "dead", Job.blob.is_not(None), Job.finished_at < clock.now() - DEAD_KEPT)
    emptied = db.session.execute(update(Job).where(*old).values(blob=None).returning(Job.id)).all()
    db.session.commit()
    return bool(emptied)


_at_work: dict[tuple[Engine, int], int] = {}
_heart = threading.Lock()
_beating: list[threading.Thread] = []


@contextmanager
def _leased(job_id: int, attempts: int) -> Iterator[None]:
    """While the block runs the job's lease is renewed: a job may take longer than one, and no other worker takes it."""
    with _heart:
        _at_work[db.engine, job_id] = attempts
        if not _beating:
            _beating.append(threading.Thread(target=_beat, name="leases", daemon=True))
            _beating[0].start()
    try:
        yield
    finally:
        with _heart:
            _at_work.pop((db.engine, job_id), None)


def _beat() -> None:
    while True:
        time.sleep(RENEWED_EVERY.total_seconds())
        renew_leases()


def renew_leases() -> None:
    """Prolongs the leases of the jobs that this process is at, on connections of its own."""
    with _heart:
        at_work = list(_at_work.items())
    for (engine, job_id), attempts in at_work:
        mine = and_(Job.id == job_id, Job.attempts == attempts, Job.state == "running")
        try:
            with engine.begin() as connection:
                connection.execute(update(Job).where(mine).values(lease_until=clock.now() + LEASE))
        except SQLAlchemyError:  # SQLite: the job itself holds the write lock, so nobody can take it over either
            log.info("the lease of job %s was not renewed this time", job_id)


def _postpone(job: Job, attempts: int, error: Exception) -> None:
    job_id, kind = job.id, job.kind
    code = getattr(error, "smtp_code", None) or getattr(error, "errno", None)
    reason = f"{type(error).__name__} {code or ''}".strip()  # never its text: a mail server's answer names the address
    if attempts >= most_attempts(kind):
        log.error("job %s is dead after %s attempts", job_id, attempts)
        _finish(job_id, attempts, state="dead", last_error=reason, finished_at=clock.now())
        told = {"kind": "job-dead", "detail": {"job": kind}}
        enqueue("alarm", told, key=f"alarm:job-dead:{kind}:{clock.now():%Y%m%d}", priority=URGENT)
        return enqueue_otherwise(job, "dead")
    delay = min(timedelta(seconds=2 ** min(attempts, 20)) * random.uniform(0.75, 1.25), SLOWEST_RETRY)
    return _finish(job_id, attempts, state="queued", last_error=reason, run_at=clock.now() + delay)


def _finish(job_id: int, attempts: int, **values: Any) -> None:
    """Ends this attempt only. Raises LeaseLost where another worker has the job by now: only one's effects may stay."""
    mine = and_(Job.id == job_id, Job.attempts == attempts, Job.state == "running")
    ended = db.session.execute(update(Job).where(mine).values(lease_until=None, **values).returning(Job.id)).scalar()
    if ended is None:
        raise LeaseLost
