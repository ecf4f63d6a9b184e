"""Samples that officials ask for: asked on the public page, decided in the office, closed by the clock."""

import secrets
from datetime import timedelta

from sqlalchemy import func, select, update

from core import alarms, audit, clock
from core.db import RowNotFound, db, insert
from core.jobs import enqueue
from core.switches import switches
from deliveries.asking import DeliveryNotFound, MovedOn
from deliveries.models import Delivery
from deliveries.sampling.drawing import draw
from deliveries.sampling.models import Sample, SampleQuestion
from deliveries.states import PUBLISHED, SampleState

S = SampleState
ASK = "deliveries.sample"  # the kind of the job that writes to people
LEAST_LINES = 100  # of a list: in a shorter one a share would speak of people whom somebody can guess
LEAST, MOST = 20, 200  # lines of a sample
LEAST_ANSWERS = 10  # from here up a share is told
A_DAY = 3
OPEN_FOR = timedelta(days=14)
UNDECIDED_FOR = timedelta(days=14)
LATE = timedelta(hours=1)  # answers that were given in time are counted by then
UNSYNCED = {"synchronize_session": False}


class SampleNotFound(RowNotFound):
    """No such sample of this delivery."""


class NotOffered(ValueError):
    """Nobody may be asked now: sampling is off, the case is dangerous or frozen, or the list is too short."""


class AnotherIsOpen(ValueError):
    """One sample of a delivery at a time."""


class SeedUsed(ValueError):
    """A seed draws once for a delivery."""


class TooMany(ValueError):
    """This delivery has had its samples of the day."""


def offered(delivery: Delivery) -> bool:
    """Whether a sample of it may be asked for, and people be written to: looked at again at every step."""
    petition = delivery.petition
    case = petition.case
    shut = case.dangerous or case.frozen_at is not None or petition.hidden or petition.erased_at is not None
    listed = delivery.state in PUBLISHED and not delivery.count_only and delivery.lines >= LEAST_LINES
    return switches().sampling and listed and not shut


def get_offered(public_id: str) -> Delivery:
    """The delivery, of which samples may be asked for now. Raises DeliveryNotFound, which tells nobody why."""
    found = db.session.scalar(select(Delivery).where(Delivery.public_id == public_id))
    if found is None or not offered(found):
        raise DeliveryNotFound(public_id)
    return found


def most(delivery: Delivery) -> int:
    """How many lines a sample of it may have: never more than every second one."""
    return min(MOST, delivery.lines // 2)


def list_of(delivery: Delivery) -> list[Sample]:
    """The newest first."""
    mine = select(Sample).where(Sample.delivery_id == delivery.id).order_by(Sample.id.desc())
    return list(db.session.scalars(mine))


def get(delivery: Delivery, sample_id: int) -> Sample:
    """A sample of this very delivery. Raises SampleNotFound."""
    found = db.session.get(Sample, sample_id)
    if found is None or found.delivery_id != delivery.id:
        raise SampleNotFound(sample_id)
    return found


def ask(delivery: Delivery, *, seed: str, size: int) -> None:
    """Draws the lines and asks the organisers. Raises AnotherIsOpen, SeedUsed, TooMany."""
    today = (Sample.delivery_id == delivery.id, Sample.asked_at > clock.now() - timedelta(days=1))
    if (db.session.scalar(select(func.count()).where(*today)) or 0) >= A_DAY:
        raise TooMany
    numbers = draw(seed, delivery=delivery.public_id, size=size, lines=delivery.lines)
    row = {
        "public_id": secrets.token_urlsafe(16), "delivery_id": delivery.id, "seed": seed, "size": size, "numbers": numbers,
        "state": S.ASKED, "asked_at": clock.now(), "mailed": 0, "yes": 0, "no": 0,
    }  # fmt: skip
    asked = insert(Sample.__table__).values(row).on_conflict_do_nothing().returning(Sample.__table__.c.id)
    if db.session.execute(asked).scalar() is None:
        same = select(Sample.id).where(Sample.delivery_id == delivery.id, Sample.seed == seed)
        raise SeedUsed if db.session.scalar(same) is not None else AnotherIsOpen
    alarms.sound("sample-waits", str(row["public_id"]), petition=delivery.petition.slug, delivery=delivery.public_id)


def approve(delivery: Delivery, sample: Sample, *, actor: str) -> None:
    """An organiser's yes: a worker writes to those who may be asked. Raises NotOffered, MovedOn."""
    if not offered(delivery):
        raise NotOffered
    move(sample, S.ASKED, S.ASKING, decided_at=clock.now())
    _record("sample.approved", delivery, sample, actor)
    enqueue(ASK, {"sample": sample.id}, key=f"sample:{sample.public_id}")


def refuse(delivery: Delivery, sample: Sample, *, actor: str) -> None:
    """Raises MovedOn."""
    move(sample, S.ASKED, S.REFUSED, decided_at=clock.now())
    _record("sample.refused", delivery, sample, actor)


def close(sample: Sample) -> None:
    """Ends the asking: whom it asked is forgotten, the counts stay. Raises MovedOn."""
    move(sample, S.ASKING, S.CLOSED)
    theirs = update(SampleQuestion).where(SampleQuestion.sample_id == sample.id)
    db.session.execute(theirs.values(digest=None, signature_id=None), execution_options=UNSYNCED)


def move(sample: Sample, source: SampleState, target: SampleState, **values: object) -> None:
    """One step, guarded by its state in the database. Raises MovedOn."""
    here = update(Sample).where(Sample.id == sample.id, Sample.state == source)
    moved = here.values(state=target, **values).returning(Sample.id)
    if db.session.execute(moved, execution_options=UNSYNCED).scalar() is None:
        raise MovedOn(f"{sample.state} → {target}")
    db.session.refresh(sample)


def _record(act: str, delivery: Delivery, sample: Sample, actor: str) -> None:
    subject = f"{delivery.petition.slug}:{delivery.public_id}"
    audit.record(act, subject, actor=actor, sample=sample.public_id, lines=sample.size)
