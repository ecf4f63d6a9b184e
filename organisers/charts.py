"""The geometry of a bar chart: a template only draws it."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, BASE = 600, 150
TOP, LEFT = 10, 3
GAP_SHARE, WIDEST_GAP = 0.3, 6.0


@dataclass(frozen=True)
class Bar:
    x: float
    y: int
    width: float
    height: int
    words: str
    signatures: int


@dataclass(frozen=True)
class Chart:
    """Bars on a line at BASE, WIDTH wide, and the busiest of them."""

    bars: Sequence[Bar]
    peak: Bar


def bar_chart(columns: Sequence[tuple[str, int]]) -> Chart:
    """One bar each; a quiet one is flat, one with a single signature at least a line."""
    step = (WIDTH - 2 * LEFT) / len(columns)
    gap = min(WIDEST_GAP, step * GAP_SHARE)
    highest = max(count for _, count in columns) or 1
    bars = []
    for place, (words, count) in enumerate(columns):
        height = max(2, round((BASE - TOP) * count / highest)) if count > 0 else 0
        x = round(LEFT + place * step + gap / 2, 1)
        bars.append(Bar(x, BASE - height, round(step - gap, 1), height, words, count))
    return Chart(bars, max(bars, key=lambda bar: bar.signatures))
