"""What a benchmark says: ours beside its limit, the aim, and whether it is met; as a table and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

HEADINGS = ("benchmark", "ours", "limit", "ratio", "aim", "met?")


class WrongAnswer(Exception):
    """The site answered something that makes the figures worthless; the text says what."""


@dataclass(frozen=True)
class Aim:
    """`of` is 'ratio' or 'ours'; `least` tells whether the bound is a floor or a ceiling."""

    of: str
    bound: float
    least: bool = True

    def met(self, value: float) -> bool:
        return value >= self.bound if self.least else value <= self.bound


@dataclass(frozen=True)
class Line:
    """One row of the table. Figures are medians; the ratio is the median of each round's own ratio."""

    benchmark: str
    ours: float
    unit: str
    limit: float | None = None
    limit_is: str = ""
    ratio: float | None = None
    aim: Aim | None = None

    @property
    def met(self) -> bool | None:
        """None where there is no aim: the line informs only."""
        value = self.ratio if self.aim and self.aim.of == "ratio" else self.ours
        return self.aim.met(value) if self.aim and value is not None else None

    def cells(self) -> tuple[str, ...]:
        limit = f"{number(self.limit)} {self.limit_is}" if self.limit is not None else ""
        aim = ""
        if self.aim:
            aim = f"{'≥' if self.aim.least else '≤'} {self.aim.bound:g}{'' if self.aim.of == 'ratio' else ' ' + self.unit}"
        met = {True: "yes", False: "NO", None: ""}[self.met]
        ratio = f"{self.ratio:.3f}" if self.ratio is not None else ""
        return (self.benchmark, f"{number(self.ours)} {self.unit}", limit, ratio, aim, met)


def beside(
    benchmark: str, ours: Sequence[float], limit: Sequence[float], *, unit: str, limit_is: str, aim: float | None = None
) -> Line:
    """A line of interleaved rounds: what ours did beside what the limit did in the same round."""
    ratio = median(one / other for one, other in zip(ours, limit, strict=True))
    bound = Aim("ratio", aim) if aim is not None else None
    return Line(benchmark, median(ours), unit, median(limit), limit_is, ratio, bound)


def number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.1f}"


def table(lines: Sequence[Line]) -> str:
    rows = [HEADINGS, *(line.cells() for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([text[0], "  ".join("-" * width for width in widths), *text[1:]])


def write_json(path: Path, lines: Sequence[Line], **circumstances: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    found = [{**asdict(line), "met": line.met} for line in lines]
    path.write_text(json.dumps({**circumstances, "lines": found}, indent=2, ensure_ascii=False) + "\n")
