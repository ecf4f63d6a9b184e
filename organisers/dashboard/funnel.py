"""From seeing to giving, step by step, counted and never followed: no step knows who took the one before (ADR 0029)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from flask_babel import gettext as _

from organisers.numbers import givers
from petitions import sources
from petitions.counting import page_counts
from petitions.counting.margins import LEAST, STEP
from petitions.counting.tallies import Numbers
from petitions.models import Petition


class Step(NamedTuple):
    """One step: its name, its number (None: fewer than 20, and not told), what is counted, and its share of the first step
    for its bar."""

    name: str
    number: int | None
    meaning: str
    percent: int


class Way(NamedTuple):
    """What came by one source code; `confirmed` None: fewer than 20."""

    name: str
    seen: int
    signed: int
    confirmed: int | None


@dataclass(frozen=True)
class Funnel:
    """`since`: the first day of which pages and forms were counted; None: none was yet."""

    since: date | None
    steps: Sequence[Step]
    ways: Sequence[Way]


def of(petition: Petition, numbers: Numbers) -> Funnel:
    """The petition's funnel; `numbers` are its tallies."""
    counted = page_counts.of(petition.id)
    seen, signed = sum(counted.seen.values()), sum(counted.signed.values())
    passed_on = _told(numbers.by_source.get(sources.SHARED, 0))  # the table of sources would not tell it either
    found: tuple[tuple[str, int | None, str], ...] = (
        (_("Seen"), seen, _("The petition’s page was handed out to a browser; who looks twice counts twice.")),
        (_("Signed"), signed, _("The form was sent in full; who sends it twice counts twice.")),
        (_("Confirmed"), numbers.total, _("The number that the public sees, paper included.")),
        (_("Shared"), passed_on, _("Of these, signed by a link that somebody passed on from the page after signing.")),
        (_("Gave"), givers(petition.gift_source), _("Donations that were paid and to which this petition’s own pages led.")),
    )  # fmt: skip
    highest = max(number or 0 for _name, number, _meaning in found) or 1
    steps = [Step(name, number, meaning, _share(number or 0, highest)) for name, number, meaning in found]
    return Funnel(counted.since, steps, _ways(counted, numbers))


def name_of(source: str) -> str:
    """A source code as an organiser reads it."""
    own = {
        sources.OTHER: _("Without a code"), sources.SHARED: _("A link that somebody passed on"), sources.PAPER: _("On paper"),
    }  # fmt: skip
    return own.get(source, source)


def _ways(counted: page_counts.Counted, numbers: Numbers) -> list[Way]:
    """Every code by which anything came, the most seen first."""
    codes = {*counted.seen, *counted.signed, *numbers.by_source}
    ways = [
        Way(
            name_of(code), counted.seen.get(code, 0), counted.signed.get(code, 0), _told(numbers.by_source.get(code, 0))
        )
        for code in codes
    ]
    return sorted(ways, key=lambda way: (-way.seen, -(way.confirmed or 0), way.name))


def _told(confirmed: int) -> int | None:
    return confirmed // STEP * STEP if confirmed >= LEAST else None


def _share(number: int, highest: int) -> int:
    return max(1, round(100 * number / highest)) if number else 0
