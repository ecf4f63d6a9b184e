"""Small cells in the office: what could point at a few people is not told here either (ADR 0016)."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from petitions.counting import margins

MOST = 10


class Cells(NamedTuple):
    """(name, at least so many) of the largest parts, and how many parts are not told: smaller ones, and those below 20."""

    told: Sequence[tuple[str, int]]
    untold: int


def cells(counts: Mapping[str, int]) -> Cells:
    """The ten largest parts, rounded down to tens: a single small one could else be worked out by subtraction."""
    told = sorted(margins.floor(counts).items(), key=lambda pair: (-pair[1], pair[0]))[:MOST]
    return Cells(told, sum(1 for count in counts.values() if count > 0) - len(told))
