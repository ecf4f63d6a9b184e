"""The annex: every line of the list, numbered, as one PDF or as volumes of at most ten merged parts."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from core import languages, volumes
from core.tables import Row
from core.volumes import SIZES, Binding, Page, Sizes, Volume
from deliveries import columns
from deliveries.documents import cells, letter, words
from deliveries.documents.facts import Facts
from deliveries.documents.words import DocumentNumbers, new_number

STEM = "annex"


def annex(
    facts: Facts, rows: Iterable[Row], total: int, folder: Path, tell: Callable[[int], None], *,
    numbers: DocumentNumbers = new_number, sizes: Sizes = SIZES, stem: str = STEM,
) -> Iterator[Path]:  # fmt: skip
    """`annex.pdf`, or `annex-001-of-034.pdf` and so on, each in `folder` once it is whole.

    `rows`: exactly `total`, in the columns of the facts. `tell` hears how many are set, part by part; what it raises stops the
    work. Raises RowsChanged, MissingGlyph, TypesettingFailed."""
    given: dict[int, str] = {}

    def number_of(volume: Volume) -> str:
        return given.setdefault(volume.number, numbers(volume.name(stem)))

    def properties(volume: Volume) -> Mapping[str, str]:
        with words.in_words_of(facts):
            return _properties(facts, volume, number_of(volume))

    def lay(volume: Volume, pages: list[Page], first: bool) -> Mapping[str, Any]:
        with words.in_words_of(facts):
            return _laid(facts, volume, pages, number_of(volume), first=first)

    binding = Binding("annex.typ", languages.tag(facts.language), _rtl(facts), properties, lay)
    return volumes.make(binding, rows, total, stem=stem, folder=folder, tell=tell, sizes=sizes)


def _rtl(facts: Facts) -> bool:
    return languages.direction(facts.language) == "rtl"


def _properties(facts: Facts, volume: Volume, number: str) -> dict[str, str]:
    title = words.joined(_("Annex: signatories of “%(title)s”", title=facts.texts.title), _number(volume))
    return {"Title": title, "Author": facts.organisation, "Keywords": words.watermark(facts, number)}


def _laid(facts: Facts, volume: Volume, pages: list[Page], number: str, *, first: bool) -> dict[str, Any]:
    """What one part says: its pages, each with its sums and its number, and the title page where it is the first."""
    keys, rtl = facts.columns, _rtl(facts)
    widths = cells.widths(keys)
    return {
        "language": languages.tag(facts.language), "words_language": languages.tag(facts.words_language),
        "author": facts.organisation, "title": facts.texts.title, "letter_language": languages.tag(facts.texts.language),
        "running": _("Annex: signatories"), "volume": _number(volume), "footer": words.watermark(facts, number),
        "rtl": rtl, "widths": widths,
        "keys": list(keys), "labels": [str(columns.COLUMNS[key].label) for key in keys],
        "front": _front(facts, volume) if first else None,
        "front_number": _page(1, volume),
        "pages": [
            {
                "rows": [
                    [cells.cell(str(said), width, rtl=rtl) for said, width in zip(row, widths, strict=True)]
                    for row in page.rows
                ],
                "sums": _sums(page, volume), "number": _page(page.number, volume),
            }
            for page in pages
        ],
    }  # fmt: skip


def _front(facts: Facts, volume: Volume) -> dict[str, Any]:
    rows = [
        (_("For"), words.joined(*words.addressed(facts)[:2])),
        (_("From"), facts.organisation),
        (_("Made on"), words.day(facts.day)),
        (_("Delivery"), facts.delivery),
        (_("Lines of this volume"), _range(volume.before, volume.rows, volume.total)),
        *letter.responsibility(facts),
    ]
    notes = [*letter.others(facts)[1:]]
    notes.append(_("This file has no tags for screen readers, which would make it several times as large; the letter has them, "
                   "and the same list is to be had as a table."))  # fmt: skip
    if volume.of > 1:
        notes.insert(0, _("The list goes on from volume to volume; each page says which lines stand on it."))
    return {"rows": [row for row in rows if row[1]], "notes": notes}


def _number(volume: Volume) -> str:
    if volume.of == 1:
        return ""
    return _("volume %(number)s of %(all)s", number=words.figure(volume.number), all=words.figure(volume.of))


def _page(number: int, volume: Volume) -> str:
    return _("page %(number)s of %(all)s", number=words.figure(number), all=words.figure(volume.pages))


def _range(before: int, rows: int, total: int) -> str:
    if not rows:
        return _("none")
    first, last = words.figure(before + 1), words.figure(before + rows)
    return _("%(first)s to %(last)s of %(all)s", first=first, last=last, all=words.figure(total))


def _sums(page: Page, volume: Volume) -> str:
    """The page's own total, and the running one."""
    here, so_far = len(page.rows), page.before + len(page.rows)
    said = _("On this page: %(here)s. Up to here: %(so_far)s of %(all)s.",
             here=words.figure(here), so_far=words.figure(so_far), all=words.figure(volume.total))  # fmt: skip
    return said + (" " + _("End of the list.") if so_far == volume.total else "")
