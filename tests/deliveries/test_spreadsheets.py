"""CSV, XLSX and ODS as LibreOffice opens them and saves them again: the same rows, every text a text, no formula."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from core.spreadsheets import NOT_XML
from core.spreadsheets.ods import write_ods
from core.spreadsheets.xlsx import write_xlsx
from core.tables import harmless, write_csv
from tests.deliveries.hostile import hostile
from tests.deliveries.reading import OFFICE, TABLE, TEXT

SOFFICE = shutil.which("soffice")
HEADER = ("No.", "Name", "Role", "Country")
ROWS = [(number, name, f"Role of {number}", "IE") for number, name in enumerate(hostile(), 1)]
ABOUT = {"document": "0f" * 16, "delivery": "dAbc"}
UTF8 = "--infilter=CSV:44,34,76,1"  # comma, quote, UTF-8, from the first line: as whoever opens it by hand confirms
META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"

pytestmark = [
    pytest.mark.skipif(SOFFICE is None, reason="there is no LibreOffice: `make programs` as root installs it"),
    pytest.mark.xdist_group("libreoffice"),  # opened once for all
]


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> dict[str, ElementTree.Element]:
    """Each file as LibreOffice saves it once it has opened it: flat XML, with the type and the formula of every cell."""
    folder = tmp_path_factory.mktemp("libreoffice")
    made = {
        "table.csv": write_csv(HEADER, ROWS),
        "book.xlsx": write_xlsx(HEADER, ROWS, ABOUT, folder=folder / "drafts", rows_a_sheet=300),
        "open.ods": write_ods(HEADER, ROWS, ABOUT, rows_a_sheet=300),
    }
    for name, chunks in made.items():
        (folder / name).write_bytes(b"".join(chunks))
    convert(folder, "book.xlsx", "open.ods")
    convert(folder, UTF8, "table.csv")
    stems = {name.partition(".")[2]: folder / f"{name.partition('.')[0]}.fods" for name in made}
    return {kind: ElementTree.parse(path).getroot() for kind, path in stems.items()}


def convert(folder: Path, *given: str) -> None:
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [str(SOFFICE), profile, "--headless", "--convert-to", "fods", "--outdir", str(folder), *given]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)


def cells_of(document: ElementTree.Element) -> Iterator[list[ElementTree.Element]]:
    """The filled rows of every sheet, the headers apart."""
    for sheet in document.iter(f"{TABLE}table"):
        rows = [[cell for cell in row if len(cell)] for row in sheet.iter(f"{TABLE}table-row")]
        yield from [row for row in rows if row][1:]


def text_of(element: ElementTree.Element) -> str:
    kept: dict[str, Callable[[], str]] = {
        f"{TEXT}s": lambda: " " * int(element.get(f"{TEXT}c", "1")),
        f"{TEXT}tab": lambda: "\t",
    }
    if element.tag in kept:
        return kept[element.tag]()
    return (element.text or "") + "".join(text_of(child) + (child.tail or "") for child in element)


def shown(cell: ElementTree.Element) -> str:
    return one_end("\n".join(text_of(line) for line in cell.iter(f"{TEXT}p")))


def one_end(text: str) -> str:
    return re.sub(r"\r\n|\r", "\n", text)


def expected(name: str, kind: str) -> str:
    """What a cell may become on the way: no character that XML forbids, one kind of line end, in ODS no tab."""
    plain = one_end(NOT_XML.sub("", str(harmless(name))))
    return plain.replace("\t", " ") if kind == "ods" else plain


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods"])
def test_libreoffice_shows_the_same_500_rows(opened: dict[str, ElementTree.Element], kind: str) -> None:
    rows = list(cells_of(opened[kind]))
    assert len(rows) == len(ROWS) == len(set(hostile())) == 500
    for row, (number, name, role, country) in zip(rows, ROWS, strict=True):
        told = [shown(cell) for cell in row]
        assert told == [str(number), expected(name, kind), role, country], repr(name)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods"])
def test_no_cell_is_a_formula_or_a_link_and_every_text_is_text(
    opened: dict[str, ElementTree.Element], kind: str
) -> None:
    for row in cells_of(opened[kind]):
        assert not [cell.attrib for cell in row if cell.get(f"{TABLE}formula")]
        assert [cell.get(f"{OFFICE}value-type") for cell in row] == ["float", *["string"] * (len(row) - 1)]
    assert not list(opened[kind].iter(f"{TEXT}a")) and not list(opened[kind].iter(f"{TABLE}dde-link"))


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_the_document_number_is_a_property_of_the_workbook(opened: dict[str, ElementTree.Element], kind: str) -> None:
    told = {one.get(f"{META}name"): one.text for one in opened[kind].iter(f"{META}user-defined")}
    assert ABOUT.items() <= told.items()


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_what_does_not_fit_on_a_sheet_is_on_the_next(opened: dict[str, ElementTree.Element], kind: str) -> None:
    assert [sheet.get(f"{TABLE}name") for sheet in opened[kind].iter(f"{TABLE}table")] == ["Signatures", "Signatures 2"]
