"""A table too long for one PDF: set part by part, each by a process that ends after it, and bound into volumes.

Every page holds as many rows as any other, so that each can say of how many it is one before the last is set."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from core import pdf
from core.tables import Row

UNTAGGED = "a-2u"  # of PDF's standards the one that has no room for a box instead of a letter, and needs no tags
SECONDS = 60  # of processor time for one part, or for one volume's binding
PATIENCE = 600.0
NICE = 10  # the site answers first


class RowsChanged(Exception):
    """There were more or fewer rows than had been counted: every page would have said a wrong total."""


class Sizes(NamedTuple):
    """How much stands on a page, is set by one process, is bound into one file; measured: see docs/benchmarks.md."""

    rows_a_page: int = 40
    pages_a_part: int = 75
    parts_a_volume: int = 10

    @property
    def rows_a_part(self) -> int:
        return self.rows_a_page * self.pages_a_part

    @property
    def rows_a_volume(self) -> int:
        return self.rows_a_part * self.parts_a_volume


SIZES = Sizes()


@dataclass(frozen=True)
class Volume:
    """One file: the `number`th of `of`, with `rows` rows after the first `before`, of `total`. Its first page is a title."""

    number: int
    of: int
    before: int
    rows: int
    total: int
    sizes: Sizes

    @property
    def pages(self) -> int:
        return 1 + -(-self.rows // self.sizes.rows_a_page)

    def name(self, stem: str) -> str:
        return f"{stem}.pdf" if self.of == 1 else f"{stem}-{self.number:03}-of-{self.of:03}.pdf"


class Page(NamedTuple):
    """A page of rows: its number in the volume, and how many rows stand before it in all volumes."""

    number: int
    before: int
    rows: list[Row]


@dataclass(frozen=True)
class Binding:
    """What a volume says of itself as a file, and how its pages are laid: `lay` gives the template its data."""

    template: str
    language: str
    rtl: bool
    properties: Callable[[Volume], Mapping[str, str]]
    lay: Callable[[Volume, list[Page], bool], Mapping[str, Any]]


def plan(total: int, sizes: Sizes = SIZES) -> list[Volume]:
    """The volumes that so many rows need; one for none."""
    of = max(1, -(-total // sizes.rows_a_volume))
    starts = [number * sizes.rows_a_volume for number in range(of)]
    return [
        Volume(number, of, before, min(sizes.rows_a_volume, total - before), total, sizes)
        for number, before in enumerate(starts, 1)
    ]


def make(
    binding: Binding, rows: Iterable[Row], total: int, *, stem: str, folder: Path, tell: Callable[[int], None],
    sizes: Sizes = SIZES,
) -> Iterator[Path]:  # fmt: skip
    """The volumes as files in `folder`, each given when it is whole; drafts lie there no longer than they are made.

    `tell` hears how many rows are set after each part; what it raises stops the work, and nothing of the volume under way
    stays. Raises RowsChanged, MissingGlyph, TypesettingFailed."""
    left = iter(rows)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for volume in plan(total, sizes):
        with tempfile.TemporaryDirectory(dir=folder) as draft:
            parts = list(_parts(binding, volume, left, Path(draft), tell))
            if volume.number == volume.of and next(left, None) is not None:
                raise RowsChanged(total)
            whole = Path(draft) / "volume.pdf"
            whole.write_bytes(_bound(binding, volume, parts))
            yield whole.rename(folder / volume.name(stem))


def _parts(
    binding: Binding, volume: Volume, left: Iterator[Row], draft: Path, tell: Callable[[int], None]
) -> Iterator[tuple[Path, int]]:
    """Each part's file and number of pages; the first one begins with the title page, and is there without rows, too."""
    sizes = volume.sizes
    for start in range(0, max(1, volume.rows), sizes.rows_a_part):
        wanted = min(sizes.rows_a_part, volume.rows - start)
        rows = list(islice(left, wanted))
        if len(rows) < wanted:
            raise RowsChanged(volume.total)
        pages = list(_pages(rows, volume.before, start, sizes.rows_a_page))
        laid = binding.lay(volume, pages, start == 0)
        asked = pdf.setting(binding.template, laid, standard=UNTAGGED, tags=False)
        path = draft / f"{start}.pdf"
        path.write_bytes(pdf.in_child(asked, binding.template, seconds=SECONDS, patience=PATIENCE, nice=NICE))
        tell(volume.before + start + len(rows))
        yield path, len(pages) + (start == 0)


def _pages(rows: list[Row], before: int, start: int, rows_a_page: int) -> Iterator[Page]:
    for first in range(0, len(rows), rows_a_page):
        number = 2 + (start + first) // rows_a_page
        yield Page(number, before + start + first, rows[first : first + rows_a_page])


def _bound(binding: Binding, volume: Volume, parts: list[tuple[Path, int]]) -> bytes:
    asked = {
        "parts": [str(path) for path, _ in parts], "pages": [pages for _, pages in parts], "language": binding.language,
        "rtl": binding.rtl, "properties": dict(binding.properties(volume)),
    }  # fmt: skip
    return pdf.in_child(asked, "binding", seconds=SECONDS, patience=PATIENCE, nice=NICE)
