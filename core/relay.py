"""The mail server's limits: what it took by the hour, what may go now, when the queue clears, and the breaker.

The hour is the clock's. The day is the 24 hours before and the hour under way, so that no 24 hours hold more than it allows."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from flask_sqlalchemy.session import Session
from sqlalchemy import Connection, Integer, func, or_, select
from sqlalchemy.orm import Mapped, mapped_column, scoped_session

from core import alarms, clock
from core.db import Base, UTCDateTime, db, insert
from core.jobs import Conditions, Job
from core.remembered import Remembered
from core.switches import Switch, switches, turn

# A mail's place in the queue is its job's priority: those to organisers go even while mailing is stopped. The last four come
# after NORMAL jobs, so that whatever is held back here stands in no other job's way.
TO_ORGANISERS, ESSENTIAL, CONFIRMATION, AFTERWARDS, REMINDER, UPDATE = -20, -10, 11, 13, 15, 20
NOTHING = TO_ORGANISERS - 1

HOUR, DAY = 1, 25  # hours that are looked back on, the one under way included
SOON = timedelta(minutes=10)  # a wait that is not worth a word
FORESEEN = 24 * 366  # hours
BREAKER = "system"  # turns the switch
BREAKER_LEAST, BREAKER_SHARE = 50, 0.1
BREAKER_LOOKS_BACK = timedelta(hours=24)


Reader = Connection | scoped_session[Session]


class MailHour(Base):
    """Mails of one hour: handed over, and refused for good by the recipient's side."""

    __tablename__ = "mail_hours"
    hour: Mapped[datetime] = mapped_column(UTCDateTime, primary_key=True)
    sent: Mapped[int] = mapped_column(Integer, default=0)
    refused: Mapped[int] = mapped_column(Integer, default=0)


@dataclass(frozen=True)
class Backlog:
    """Mails that wait, and when the last of them goes; None where nobody can tell: mailing is off, or no limit is known."""

    waiting: int
    mailing: bool
    limited: bool
    clears_at: datetime | None

    @property
    def delay(self) -> timedelta:
        """How long one more mail waits; nothing where it goes at once."""
        wait = self.clears_at - clock.now() if self.clears_at else timedelta(0)
        return wait if wait > SOON else timedelta(0)


def count(*, refused: bool = False) -> None:
    """Notes a mail of this hour in the current transaction: handed over, or refused for good."""
    row = {"hour": clock.to_hour(clock.now()), "sent": int(not refused), "refused": int(refused)}
    db.session.execute(_counting(db.engine.dialect.name), row)
    if refused:
        _break()


@cache
def _counting(dialect: str) -> Any:
    row = insert(MailHour.__table__)
    more = {name: MailHour.__table__.c[name] + row.excluded[name] for name in ("sent", "refused")}
    return row.on_conflict_do_update(index_elements=["hour"], set_=more)


def broke_over() -> datetime | None:
    """Since when the refusals came over which the breaker stopped mailing, where it still stands so."""
    stopped = (Switch.name == "mailing", Switch.changed_by == BREAKER)
    row = db.session.scalar(select(Switch).where(*stopped))
    return row.changed_at - BREAKER_LOOKS_BACK if row is not None and row.value is False else None


def may_go(moment: datetime) -> Conditions:
    """The condition on jobs to claim: all that are no mails, and the mails that the provider and the switch let through."""
    windows, mailing = _windows(), switches().mailing
    if mailing and not windows:
        return ()
    last = min((_last_place(moment, hours, limit) for hours, limit in windows), default=UPDATE)
    last = last if mailing else min(last, TO_ORGANISERS)
    return () if last == UPDATE else (or_(Job.kind != "mail", Job.priority <= last),)


def backlog(last_place: int | None = None, reader: Reader = db.session) -> Backlog:
    """What waits to be mailed, up to a place in the queue where one is given, and when it will have gone."""
    places = () if last_place is None else (Job.priority <= last_place,)
    unsent = (Job.kind == "mail", Job.state.in_(("queued", "running")), *places)
    waiting = reader.scalar(select(func.count()).select_from(Job).where(*unsent)) or 0
    mailing, windows = switches().mailing, _windows()
    clears_at = _clears_at(waiting, windows, reader) if mailing and windows else None
    return Backlog(waiting, mailing, bool(windows), clears_at)


def wait_for_one_more() -> Backlog | None:
    """The backlog that a confirmation promised now stands behind, as it was at most a second ago; None where nothing holds
    mails back."""
    return _behind.get(None) if _windows() or not switches().mailing else None


_behind: Remembered[None, Backlog] = Remembered(lambda connection, nothing: backlog(CONFIRMATION, connection))


def _windows() -> list[tuple[int, int]]:
    """How many hours are looked back on, and the mails that they may hold."""
    now = switches()
    return [(h, limit) for h, limit in ((HOUR, now.mails_an_hour), (DAY, now.mails_a_day)) if limit is not None]


def _reserve(limit: int) -> int:
    """What is kept back for mails that must not wait: one in twenty."""
    return max(1, limit // 20) if limit > 1 else 0


def _last_place(moment: datetime, hours: int, limit: int) -> int:
    left = limit - sum(sent for _, sent in _sent(moment, hours, db.session))
    if left <= 0:
        return NOTHING
    return UPDATE if left > _reserve(limit) else ESSENTIAL


def _sent(moment: datetime, hours: int, reader: Reader) -> list[tuple[datetime, int]]:
    since = clock.to_hour(moment) - timedelta(hours=hours - 1)
    rows = reader.execute(select(MailHour.hour, MailHour.sent).where(MailHour.hour >= since))
    return [(hour, sent) for hour, sent in rows]


def _clears_at(waiting: int, windows: list[tuple[int, int]], reader: Reader) -> datetime | None:
    """Goes through the coming hours as the worker will: what each of them takes, given those before it."""
    now = clock.now()
    hour, known = clock.to_hour(now), dict(_sent(now, DAY, reader))
    past = deque((known.get(hour - timedelta(hours=back), 0) for back in reversed(range(DAY))), maxlen=DAY)
    for ahead in range(FORESEEN):
        room = min(limit - _reserve(limit) - sum(list(past)[-hours:]) for hours, limit in windows)
        waiting -= max(0, room)
        if waiting < 0:  # one more would go as well
            return max(now, hour + timedelta(hours=ahead))
        past[-1] += max(0, room)
        past.append(0)
    return None


def _break() -> None:
    """Stops mailing where too many recipients are refused for good: a provider would soon refuse everything of ours.

    Counted is what came after the last turn of the switch, so that an organiser's yes holds for at least an hour."""
    if not switches().mailing:
        return
    turned = db.session.scalar(select(Switch.changed_at).where(Switch.name == "mailing"))
    since = clock.now() - BREAKER_LOOKS_BACK
    after = [MailHour.hour > since] + ([MailHour.hour > turned] if turned else [])
    sums = select(func.coalesce(func.sum(MailHour.sent), 0), func.coalesce(func.sum(MailHour.refused), 0))
    sent, refused = db.session.execute(sums.where(*after)).one()
    if sent + refused >= BREAKER_LEAST and refused > BREAKER_SHARE * (sent + refused):
        turn(actor=BREAKER, mailing=False)
        alarms.sound("mail-refused", f"{clock.now():%Y%m%d%H}", refused=refused, of=sent + refused)
