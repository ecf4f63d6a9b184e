"""The annex's cells: how wide each column is, which text surely fits into one line, and which way it runs."""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

TEXT_WIDTH = 182.0  # millimetres
INSET = 1.0  # on each side of a cell
FONT_SIZE = 7.6  # points
POINT = 25.4 / 72
FIXED = {"number": 15.0, "country_code": 13.0, "signed_on": 20.0}
SHARES = {"name": 1.35, "role": 1.0, "affiliation": 1.25, "country": 0.85}
NARROW, BROAD = 0.63, 1.1  # of the font's size: no small letter is wider, no letter at all
RTL = ("R", "AL")


def widths(keys: Sequence[str]) -> list[float]:
    """Each column's width in millimetres: what is as long in every line has its own, the others share the rest."""
    rest = TEXT_WIDTH - sum(FIXED.get(key, 0.0) for key in keys)
    shares = sum(SHARES.get(key, 0.0) for key in keys) or 1.0
    return [FIXED.get(key, SHARES.get(key, 0.0) / shares * rest) for key in keys]


def cell(said: str, width: float, *, rtl: bool) -> Any:
    """The text itself where it is plain to set; else with its own direction, and whether its size must be looked for."""
    fits = _broadest(said) * FONT_SIZE * POINT <= width - 2 * INSET
    own = rtl if said.isascii() and not rtl else _runs_rtl(said, rtl)
    if fits and own == rtl:
        return said
    return [said, "rtl" if own else "ltr", fits]


def _broadest(said: str) -> float:
    """The most that it can be wide, in units of the font's size."""
    small = sum("a" <= letter <= "z" or "0" <= letter <= "9" or letter in " -.," for letter in said)
    return small * NARROW + (len(said) - small) * BROAD


@lru_cache(maxsize=4096)
def _runs_rtl(said: str, otherwise: bool) -> bool:
    """By its first letter that has a direction."""
    for letter in said:
        direction = unicodedata.bidirectional(letter)
        if direction == "L" or direction in RTL:
            return direction in RTL
    return otherwise
