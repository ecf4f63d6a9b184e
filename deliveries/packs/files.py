"""What lies in a pack, file by file, made from the frozen lines."""

import csv
import io
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from flask_babel import gettext as _

from core import languages
from core.tables import Row
from deliveries import columns
from deliveries.documents import annex, letter, method
from deliveries.documents.facts import Facts
from deliveries.formats import FORMATS, check
from deliveries.log import leaves
from deliveries.log import services as log_services
from deliveries.models import Delivery
from deliveries.packs.archive import Archive
from deliveries.packs.freezing import Frozen
from deliveries.packs.progress import Progress
from deliveries.packs.readme import readme

PDF, TEXT, CSV, BYTES = (
    "application/pdf",
    "text/plain; charset=utf-8",
    "text/csv; charset=utf-8",
    "application/octet-stream",
)
TAIL = 3  # rows after the list, at most
ROWS_A_PIECE = 500


@dataclass
class Making:
    """One pack under way. `folder`: where drafts may lie; `numbers`: each file's document number, by its name."""

    found: Delivery
    frozen: Frozen
    facts: Facts
    archive: Archive
    folder: Path
    progress: Progress
    numbers: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return len(self.frozen.spool)

    def number(self, name: str) -> str:
        return self.numbers.setdefault(name, secrets.token_hex(16))

    def add(self, name: str, media_type: str, chunks: Iterable[bytes]) -> None:
        self.archive.add(name, media_type, chunks, self.numbers.get(name, ""))


def add_all(making: Making) -> None:
    """Every file but the manifest. Raises TooManyRows, and what the documents raise."""
    for name in making.found.formats:
        check(name, making.total + TAIL)  # first: who waits for an hour shall not hear of it then
    with languages.site_in(making.found.language):
        _add_sheets(making)
        if not making.found.count_only:
            _add_list(making)
    making.add("checkpoint.txt", TEXT, [making.frozen.note.encode()])


def _add_sheets(making: Making) -> None:
    making.progress.begin("letter")
    making.add("README.txt", TEXT, [readme(making.facts, making.number("README.txt"))])
    making.add(letter.NAME, PDF, [letter.letter_pdf(making.facts, numbers=making.number)])
    making.add(method.NAME, PDF, [method.method_pdf(making.facts, numbers=making.number)])


def _add_list(making: Making) -> None:
    for name in making.found.formats:
        making.progress.begin(name, making.total)
        _add_table(making, name)
    making.progress.begin("proofs", making.total)
    making.add("proofs.csv", CSV, _proofs(making, making.number("proofs.csv")))
    making.add("log.bin", BYTES, log_services.prefix(making.found.petition, making.frozen.size))
    making.progress.begin("annex", making.total)
    tell = making.progress.tell
    for path in annex.annex(making.facts, _lines(making), making.total, making.folder, tell, numbers=making.number):
        making.add(path.name, PDF, _content(path))
        path.unlink()


def _add_table(making: Making, name: str) -> None:
    chosen, file_name = FORMATS[name], f"signatures.{FORMATS[name].suffix}"
    about = {"delivery": making.found.public_id, "document": making.number(file_name)}
    header, rows = columns.header(making.found.columns), _rows(making, about["document"])
    making.add(file_name, chosen.media_type, chosen.write(header, rows, about))


def _lines(making: Making) -> Iterator[Row]:
    return columns.rows((proven.line for proven in making.frozen.spool.lines()), making.found.columns)


def _rows(making: Making, document: str) -> Iterator[Row]:
    """The list, then how many are not named, then whose file this is: one that broke off can be told from a whole one."""
    yield from making.progress.over(_lines(making))
    rest, numbers = ("",) * (len(making.found.columns) - 2), making.facts.numbers
    if numbers.withheld:
        others = _(
            "Signed while the letter went to other recipients, not named here: %(number)s", number=numbers.withheld
        )
        yield ("", others, *rest)
    yield ("", _("Signed as well, to be counted without a name: %(number)s", number=numbers.counted), *rest)
    yield ("", _("Document number: %(number)s", number=document), *rest)


def _proofs(making: Making, document: str) -> Iterator[bytes]:
    """By which each line is found in the log: for programs, so every cell is exact, also one that begins with a dash."""
    shown = set(making.found.columns)
    whole = all(column in shown for column in leaves.LOGGED)
    header = ["number", "id", "text", *(["secret"] if whole else ["leaf", *leaves.LOGGED])]
    yield _written([header])
    rows = []
    for number, (line, episode) in making.progress.over(making.frozen.spool.numbered()):
        proof = log_services.proof_of(line, episode, shown)
        rows.append([str(number), line.public_id, line.text, *proof.values()])
        if len(rows) == ROWS_A_PIECE:
            yield _written(rows)
            rows = []
    yield _written([*rows, ["", "document", document, *[""] * (len(header) - 3)]])


def _written(rows: list[list[str]]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(rows)
    return buffer.getvalue().encode()


def _content(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            yield chunk
