"""Waves of declined cards, as Stripe's events tell of them: noticed each minute, alarmed once, settled by an organiser."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import func, select, text, update

from core import alarms, audit, clock
from core.db import RowNotFound, db
from donations.guards.models import DeclineWave
from donations.models import DECLINED, Payment, PaymentStatus, StripeEvent

LOOKED_AT = timedelta(minutes=30)
FEWEST = 20  # declined cards
SHARE = 0.5  # of all payments that were tried
QUIET = timedelta(hours=1)  # a wave without a new moment above these for so long is over
SETTLED_SHOWN = 10
LOCK = 7_310_005  # PostgreSQL advisory lock: two workers must not tell of one wave twice


class WaveNotFound(RowNotFound):
    """No such wave, or somebody has settled it."""


def look_for_declines() -> bool:
    """The worker's tick. Commits; never busy, as a wave that lasts is found each time."""
    since = clock.now() - LOOKED_AT
    failed = (StripeEvent.type == DECLINED, StripeEvent.created_at > since)
    declined = db.session.scalar(select(func.count()).select_from(StripeEvent).where(*failed)) or 0
    if declined >= FEWEST:
        came = (Payment.status == PaymentStatus.PAID, Payment.paid_at > since)
        paid = db.session.scalar(select(func.count()).select_from(Payment).where(*came)) or 0
        if declined >= SHARE * (declined + paid):
            _tell(declined, paid)
    db.session.commit()
    return False


def unsettled() -> Sequence[DeclineWave]:
    """What waits for an organiser, the newest first."""
    waits = select(DeclineWave).where(DeclineWave.settled_at.is_(None))
    return db.session.scalars(waits.order_by(DeclineWave.id.desc())).all()


def settled() -> Sequence[DeclineWave]:
    """The last ones that were settled."""
    done = select(DeclineWave).where(DeclineWave.settled_at.is_not(None)).order_by(DeclineWave.settled_at.desc())
    return db.session.scalars(done.limit(SETTLED_SHOWN)).all()


def settle(wave_id: int, *, actor: str) -> None:
    """An organiser has seen to it: giving asks for no proof of work any more on its account. Raises WaveNotFound."""
    waits = (DeclineWave.id == wave_id, DeclineWave.settled_at.is_(None))
    closed = update(DeclineWave).where(*waits).values(settled_at=clock.now(), settled_by=actor)
    if db.session.execute(closed.returning(DeclineWave.id)).scalar() is None:
        raise WaveNotFound(wave_id)
    audit.record("decline_wave.settled", str(wave_id), actor=actor)


def _tell(declined: int, paid: int) -> None:
    """A new wave with its alarm, or the same going on."""
    _lock()
    moment = clock.now()
    live = select(DeclineWave).where(DeclineWave.last_at > moment - QUIET).order_by(DeclineWave.id.desc()).limit(1)
    wave = db.session.scalar(live)
    if wave is None:
        wave = DeclineWave(began_at=moment, last_at=moment, declined=declined, paid=paid)
        db.session.add(wave)
        db.session.flush()
        alarms.sound("card-testing", str(wave.id), declined=declined, paid=paid, minutes=LOOKED_AT.seconds // 60)
        return
    wave.last_at = moment
    if declined > wave.declined:
        wave.declined, wave.paid = declined, paid


def _lock() -> None:
    """One teller at a time: who comes second finds the first one's wave."""
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    else:
        db.session.execute(update(DeclineWave).where(DeclineWave.id == 0).values(paid=0))  # takes SQLite's write lock
