"""Table writers: no cell that a spreadsheet would run, every other cell as it is."""

import csv
import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from core.spreadsheets.xlsx import write_xlsx
from core.tables import harmless, write_csv

HEADER = ("Name", "Country", "Number")
FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠x", "\ufeff=1", " =1", "  +1",
    "\u00a0=1", "\u3000=1",
    '"=1', "'=1", '" =1', "''=1", "\u200b=1", "|cmd", "%0A", "=HYPERLINK(\"http://x\")", "=cmd|' /C calc'!A0",
    "\ufeff \"'=1", "==1",
]  # fmt: skip
INSIDE = ["Ada;=1+1", "Ada\t@x", "Ada; +1", 'Ada;"=1', "Ada\n=1", "Ada\r\n-1", "Ada;＝1"]
CLEAN = [
    "Ada Example", "O'Brien", "Jean-Luc", "Nguyễn", "محمد علي", "王小明", "Ұлжан", "a=b", "1+1", "x@example.org",
    "Union; Local 12", "", "12",
    "'Ndrangheta", '"quoted"', "comma, in it", "two\nlines", "=".join("ab"), "7", "A–B", "0042", "1e5",
    "https://example.org", "{x}", "{=1+1}",
]  # fmt: skip


def read_csv(rows: list[tuple[str | int, ...]]) -> list[list[str]]:
    text = b"".join(write_csv(HEADER, rows)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def read_xlsx(rows: list[tuple[str | int, ...]], folder: Path, **options: int) -> list[list[list[object]]]:
    """The cells of each sheet, each cell as its type and value."""
    book = load_workbook(io.BytesIO(b"".join(write_xlsx(HEADER, rows, folder=folder, **options))))
    return [[[(cell.data_type, cell.value) for cell in row] for row in sheet.iter_rows()] for sheet in book]


@pytest.mark.parametrize("cell", FORMULAS)
def test_what_starts_a_formula_gets_an_apostrophe(cell: str) -> None:
    assert read_csv([(cell, "IE", 1)])[1][0] == "'" + cell


@pytest.mark.parametrize("cell", INSIDE)
def test_a_formula_after_another_locales_separator_gets_one_too(cell: str) -> None:
    shown = str(harmless(cell))
    assert shown != cell
    assert shown.replace("'", "") == cell.replace("'", "")
    for piece in shown.replace("\t", ";").replace("\r", ";").replace("\n", ";").split(";"):
        assert not piece.lstrip(' "').startswith(("=", "+", "-", "@", "＝"))


@pytest.mark.parametrize("cell", CLEAN)
def test_clean_text_is_unchanged_in_csv(cell: str) -> None:
    assert read_csv([("x", cell, 1)])[1] == ["x", cell, "1"]


def test_no_cell_of_a_workbook_is_a_formula_a_link_or_a_number(tmp_path: Path) -> None:
    [sheet] = read_xlsx([(cell, "IE", 1) for cell in FORMULAS + CLEAN], tmp_path)
    assert {row[0][0] for row in sheet[1:]} <= {"s", "n"}  # an empty cell is an "n" without value
    for row, cell in zip(sheet[1:], FORMULAS + CLEAN, strict=True):
        assert row[0] == (
            ("n", None) if cell == "" else ("s", str(harmless(cell)).replace("\r", "_x000D_"))
        )  # as OOXML writes it
        assert row[2] == ("n", 1)


def test_a_workbook_names_no_formula_and_no_link_in_its_parts(tmp_path: Path) -> None:
    book = b"".join(
        write_xlsx(HEADER, [(cell, "IE", 1) for cell in [*FORMULAS, "https://example.org"]], folder=tmp_path)
    )
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        sheet = parts.read("xl/worksheets/sheet1.xml").decode()
        assert "<f>" not in sheet
        assert "hyperlink" not in sheet
        assert not [name for name in parts.namelist() if "rels" in name and "worksheets" in name]


def test_a_csv_says_that_it_is_utf8_and_ends_lines_as_the_rfc_does(tmp_path: Path) -> None:
    made = b"".join(write_csv(HEADER, [("Ұлжан", "KZ", 1)]))
    assert made == "\ufeffName,Country,Number\r\nҰлжан,KZ,1\r\n".encode()


def test_an_empty_table_has_its_header(tmp_path: Path) -> None:
    assert read_csv([]) == [list(HEADER)]
    assert read_xlsx([], tmp_path) == [[[("s", name) for name in HEADER]]]


def test_rows_are_read_as_they_are_written(tmp_path: Path) -> None:
    taken = []

    def rows():
        for number in range(20_000):
            taken.append(number)
            yield ("Ada Example", "IE", number)

    chunks = write_csv(HEADER, rows())
    next(chunks), next(chunks)
    assert 0 < len(taken) < 20_000
    assert all(len(chunk) < 70_000 for chunk in chunks)
    assert len(taken) == 20_000


def test_a_full_sheet_is_followed_by_another(tmp_path: Path) -> None:
    sheets = read_xlsx([("Ada", "IE", number) for number in range(7)], tmp_path, rows_a_sheet=3)
    assert [[row[2][1] for row in sheet] for sheet in sheets] == [
        ["Number", 0, 1, 2],
        ["Number", 3, 4, 5],
        ["Number", 6],
    ]


def test_the_draft_of_a_workbook_is_gone_with_its_last_byte(tmp_path: Path) -> None:
    chunks = write_xlsx(HEADER, [("Ada", "IE", 1)], folder=tmp_path / "drafts")
    next(chunks)
    chunks.close()
    assert list((tmp_path / "drafts").iterdir()) == []


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), st.just("IE"), st.integers()
        ),
        max_size=5,
    )
)
def test_any_text_comes_back_from_csv_or_behind_an_apostrophe(rows: list[tuple[str, str, int]]) -> None:
    for row, back in zip(rows, read_csv(list(rows))[1:], strict=True):
        assert back == [str(harmless(row[0])), "IE", str(row[2])]
        assert not back[0].lstrip(" \u00a0\u3000\ufeff\"'\u200b").startswith(("=", "+", "-", "@", "＝")) or back[
            0
        ].startswith("'")
