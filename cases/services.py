"""Cases as the public sees them: found and listed, their news, their next date. A draft does not exist here."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Integer, cast, extract, func, or_, select
from sqlalchemy.orm import contains_eager, selectinload

from cases import veil
from cases.models import Case, CaseImage, CaseStatus, Event
from core.db import RowNotFound, db


class CaseNotFound(RowNotFound):
    """No such case, or one that is not published."""


class CaseFrozen(Exception):
    """The case is published, but an organiser has frozen it for safety: nothing of it is shown. Holds its slug."""


class BadPlace(RowNotFound):
    """A place in the news that we never named."""


_SHOWN = (Case.status != CaseStatus.DRAFT, Case.frozen_at.is_(None))


@dataclass(frozen=True)
class NextDate:
    """The next day that matters in a case: whose release is due."""

    day: date
    name: str


@dataclass(frozen=True)
class Month:
    """A month that has news, named by its first day, and how many events."""

    first_day: date
    events: int


def get_case(slug: str) -> Case:
    """A published case with its people and events. Raises CaseNotFound or CaseFrozen."""
    case = db.session.scalar(_public().where(Case.slug == slug))
    if case is None:
        raise CaseNotFound(slug)
    if case.frozen_at:
        raise CaseFrozen(slug)
    veil.put_on(case, case.events)
    return case


def is_shown(case: Case) -> bool:
    """Whether the public may read of this case now."""
    return case.status != CaseStatus.DRAFT and case.frozen_at is None


def list_public() -> list[Case]:
    """Published cases: active ones first, the newest before the older."""
    found = db.session.scalars(_public().where(Case.frozen_at.is_(None)).order_by(Case.id.desc())).all()
    for case in found:
        veil.put_on(case)
    return sorted(found, key=lambda case: case.status != CaseStatus.ACTIVE)


def next_date(case: Case, today: date) -> NextDate | None:
    """The nearest release that is still due, today included."""
    due = [NextDate(p.release_due, p.public_name) for p in case.people if p.release_due and not p.released_on]
    return min((coming for coming in due if coming.day >= today), key=lambda coming: coming.day, default=None)


def news(*, before: str | None = None, limit: int = 20) -> list[Event]:
    """Events of published cases, the newest first; those before a `place` where one is given. Raises BadPlace."""
    wanted = _news().limit(limit)
    if before:
        day, last_id = _read_place(before)
        wanted = wanted.where(or_(Event.happened_on < day, (Event.happened_on == day) & (Event.id < last_id)))
    return _read(wanted)


def place(event: Event) -> str:
    """Names an event's place in the news, for a link to what is older."""
    return f"{event.happened_on.isoformat()}.{event.id}"


def news_of_month(year: int, month: int) -> list[Event]:
    """The events of one month, the newest first. Raises BadPlace where there is no such month."""
    if not (1 <= month <= 12 and 1 <= year < date.max.year):
        raise BadPlace(f"{year}-{month}")
    first, after = date(year, month, 1), date(year + month // 12, month % 12 + 1, 1)
    return _read(_news().where(Event.happened_on >= first, Event.happened_on < after))


def months() -> list[Month]:
    """The months that have news, the latest first."""
    year, month = (cast(extract(part, Event.happened_on), Integer) for part in ("year", "month"))
    counted = select(year, month, func.count()).join(Event.case).where(*_SHOWN)
    rows = db.session.execute(counted.group_by(year, month).order_by(year.desc(), month.desc()))
    return [Month(date(row[0], row[1], 1), row[2]) for row in rows]


def _public() -> Any:
    pictures = selectinload(Case.images).selectinload(CaseImage.files)
    options = (selectinload(Case.people), selectinload(Case.events), pictures)
    return select(Case).where(Case.status != CaseStatus.DRAFT).options(*options)


def _news() -> Any:
    published = select(Event).join(Event.case).where(*_SHOWN).options(contains_eager(Event.case))
    return published.order_by(Event.happened_on.desc(), Event.id.desc())


def _read(wanted: Any) -> list[Event]:
    events = list(db.session.scalars(wanted))
    for event in events:
        veil.put_on(event.case, [event])
    return events


def _read_place(text: str) -> tuple[date, int]:
    day, _, number = text.partition(".")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise BadPlace(text)
    try:
        return date.fromisoformat(day), int(number)
    except ValueError:
        raise BadPlace(text) from None
