"""The geometry of a bar chart: a template only draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

WIDTH, BASE = 600, 150
TOP, LEFT, GAP = 10, 3, 6


@dataclass(frozen=True)
class Bar:
    x: int
    y: int
    width: int
    height: int
    day: date
    signatures: int


@dataclass(frozen=True)
class Chart:
    """Bars on a line at BASE, WIDTH wide, and the busiest of them."""

    bars: Sequence[Bar]
    peak: Bar


def bar_chart(days: Sequence[tuple[date, int]]) -> Chart:
    """One bar a day; a quiet day has none, a day with one signature at least a line."""
    step = (WIDTH - 2 * LEFT + GAP) / len(days)
    highest = max(count for _, count in days) or 1
    bars = []
    for place, (day, count) in enumerate(days):
        height = max(2, round((BASE - TOP) * count / highest)) if count > 0 else 0
        bars.append(Bar(round(LEFT + place * step), BASE - height, int(step) - GAP, height, day, count))
    return Chart(bars, max(bars, key=lambda bar: bar.signatures))
