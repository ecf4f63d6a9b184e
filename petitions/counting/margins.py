"""Small cells: what the public may know of countries and days, one snapshot a day that every page and sheet reads (ADR 0016).

The public can count for itself those who show their name, with their countries. So the rules hold for the others, the hidden:
their numbers are rounded down to tens, shown from 20 up, change only once 20 of them have come since, and never tell that
all of them, or all who have just come, are from the countries shown."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, select

from core import clock
from core.db import db, insert
from petitions.counting import tallies
from petitions.counting.models import Margin
from petitions.models import Petition, Signature
from petitions.states import HIDDEN_STATES, SignatureState

STEP = 10
LEAST = 20
COUNTRY, DAY, HIDDEN = "country", "day", "hidden"  # the last is kept to go on from, and shown to nobody
EVERYBODY = ""


@dataclass(frozen=True)
class Shown:
    """Numbers by country code, the largest first, and by day (ISO), each rounded down; and the day they are of, if any."""

    by_country: dict[str, int]
    by_day: dict[str, int]
    taken_on: date | None


class Counted(NamedTuple):
    """Signatories by country: those who show their name, and the others."""

    named: dict[str, int]
    hidden: dict[str, int]


def shown(petition_id: int) -> Shown:
    """The snapshot, for whoever shows numbers by country or day."""
    wanted = (Margin.petition_id == petition_id, Margin.dimension.in_((COUNTRY, DAY)))
    rows = db.session.scalars(select(Margin).where(*wanted).order_by(Margin.signatures.desc(), Margin.value)).all()
    by_day = {row.value: row.signatures for row in rows if row.dimension == DAY}
    by_country = {row.value: row.signatures for row in rows if row.dimension == COUNTRY}
    return Shown(by_country, dict(sorted(by_day.items())), max((row.taken_on for row in rows), default=None))


def take_all() -> bool:
    """The worker's tick: takes the snapshot of each petition in which a new day has begun; whether there was any. Commits."""
    open_to_all = (Petition.state.not_in(HIDDEN_STATES), Petition.invited_only.is_(False))
    taken = [
        _take(*row) for row in db.session.execute(select(Petition.id, Petition.time_zone).where(*open_to_all)).all()
    ]
    return any(taken)


def _take(petition_id: int, time_zone: str) -> bool:
    """One petition's snapshot, by whichever worker is the first of its day. Commits."""
    today = clock.now().astimezone(ZoneInfo(time_zone)).date()
    looked = select(Margin.taken_on).where(*_cell(petition_id, HIDDEN, EVERYBODY))
    if (db.session.scalar(looked) or date.min) >= today:
        return False
    before = _claim(petition_id, today)
    if before is None:
        db.session.rollback()
        return False
    counted, old = _count(petition_id), _stored(petition_id, HIDDEN)
    old.pop(EVERYBODY)
    total = sum(counted.hidden.values())
    enough = abs(total - before) >= LEAST
    hidden = hide(counted.hidden, old, came=total - before) if enough else old
    countries = floor(Counter(counted.named) + Counter(hidden))
    days = floor(_days(petition_id, time_zone, today))
    if not enough:  # who leaves must not be seen to have signed on that day
        days = days | _stored(petition_id, DAY)
    _store(petition_id, HIDDEN, {**hidden, EVERYBODY: total if enough else before}, today)
    _store(petition_id, COUNTRY, countries, today)
    _store(petition_id, DAY, days, today)
    db.session.commit()
    return True


def floor(counts: Mapping[str, int]) -> dict[str, int]:
    """Rounded down to tens, without what is below 20."""
    return {value: count // STEP * STEP for value, count in counts.items() if count >= LEAST}


def hide(counts: Mapping[str, int], old: Mapping[str, int], *, came: int) -> dict[str, int]:
    """What may be told of the hidden by country, `came` of whom have come since `old` was told.

    At least ten of all of them, and ten of those who came, may always be from anywhere: see `_tells`."""
    told = floor(counts)
    while sum(told.values()) > max(0, sum(counts.values()) - STEP) or _tells(told, old) > max(0, came - STEP):
        country = max(told, key=lambda one: (told[one] - old.get(one, STEP), told[one], one))
        told[country] -= STEP
        if told[country] < LEAST:
            del told[country]
    return told


def _tells(told: Mapping[str, int], old: Mapping[str, int]) -> int:
    """How many of those who came must be from the countries told: what exceeds the most that the old numbers allow."""
    return sum(max(0, count - (old.get(country, STEP) + STEP - 1)) for country, count in told.items())


def _claim(petition_id: int, today: date) -> int | None:
    """How many were hidden when the numbers last changed; None where another worker has the day. Locks it till the commit."""
    values = {"petition_id": petition_id, "dimension": HIDDEN, "value": EVERYBODY, "signatures": 0, "taken_on": today}
    claim = insert(Margin).values(values).on_conflict_do_update(
        index_elements=["petition_id", "dimension", "value"], set_={"taken_on": today}, where=Margin.taken_on < today
    )  # fmt: skip
    return db.session.scalar(claim.returning(Margin.signatures))


def _count(petition_id: int) -> Counted:
    valid = (Signature.petition_id == petition_id, Signature.state == SignatureState.VALID)
    columns = (Signature.country, func.count(), func.count(Signature.public_name))
    rows = db.session.execute(select(*columns).where(*valid).group_by(Signature.country)).all()
    return Counted({country: named for country, _, named in rows}, {country: n - named for country, n, named in rows})


def _days(petition_id: int, time_zone: str, today: date) -> Counter[str]:
    """Signatures of each day that is over, in the petition's own zone."""
    days: Counter[str] = Counter()
    for hour, count in tallies.numbers(petition_id).by_hour.items():
        moment = datetime.strptime(hour, "%Y-%m-%dT%H").replace(tzinfo=UTC)
        days[moment.astimezone(ZoneInfo(time_zone)).date().isoformat()] += count
    return Counter({day: count for day, count in days.items() if day < today.isoformat()})


def _stored(petition_id: int, dimension: str) -> dict[str, int]:
    rows = select(Margin.value, Margin.signatures).where(*_cell(petition_id, dimension))
    return {value: signatures for value, signatures in db.session.execute(rows)}


def _store(petition_id: int, dimension: str, cells: Mapping[str, int], today: date) -> None:
    db.session.execute(delete(Margin).where(*_cell(petition_id, dimension)))
    values = [
        {"petition_id": petition_id, "dimension": dimension, "value": value, "signatures": count, "taken_on": today}
        for value, count in cells.items()
    ]
    if values:
        db.session.execute(insert(Margin), values)


def _cell(petition_id: int, dimension: str, *values: str) -> tuple[Any, ...]:
    own = (Margin.petition_id == petition_id, Margin.dimension == dimension)
    return (*own, Margin.value.in_(values)) if values else own
