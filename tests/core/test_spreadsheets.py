"""What every writer of a table promises beside harmless cells: marks of its own, further sheets, constant memory."""

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest

from core.spreadsheets import LONGEST_CELL, CellTooLong
from core.spreadsheets.ods import MEDIA_TYPE, write_ods
from core.spreadsheets.xlsx import write_xlsx
from core.tables import Row, write_csv, write_json
from tests.deliveries.reading import ods_sheets, read_json, read_ods

HEADER = ("Name", "Number")
ABOUT = {"document": "0f" * 16, "delivery": "dA<b>c"}


@pytest.fixture(params=["xlsx", "ods"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Iterator[bytes]]:
    return partial(write_xlsx, folder=tmp_path) if request.param == "xlsx" else write_ods


def made(chunks: Iterator[bytes]) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(b"".join(chunks)))
    assert archive.testzip() is None
    return archive


def test_an_ods_begins_with_its_type_stored_as_it_is() -> None:
    content = b"".join(write_ods(HEADER, [("Ada", 1)]))
    assert content[30:].startswith(b"mimetype" + MEDIA_TYPE.encode())  # where `file` and a mail filter look
    first = zipfile.ZipFile(io.BytesIO(content)).infolist()[0]
    assert (first.filename, first.compress_type, first.extra) == ("mimetype", zipfile.ZIP_STORED, b"")


def test_spaces_and_line_ends_of_an_ods_come_back_and_no_sign_of_xml_is_taken_for_one() -> None:
    cells = ["  two  and one ", "a\nb", "<&>'\"", " ", "x", "]]>"]
    assert read_ods(b"".join(write_ods(HEADER, [(cell, 1) for cell in cells])))[1:] == [[cell, 1] for cell in cells]


def test_what_xml_forbids_is_left_out(write: Callable[..., Iterator[bytes]]) -> None:
    for name in (archive := made(write(HEADER, [("A\ufffed\x0ba\ud800", 1)]))).namelist():
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", archive.read(name).decode())


def test_numbers_are_numbers_and_keep_every_digit() -> None:
    content = made(write_ods(HEADER, [("Ada", -3), ("Ben", Decimal("12.30"))])).read("content.xml").decode()
    assert 'office:value-type="float" office:value="-3"' in content and 'office:value="12.30"' in content


def test_a_full_sheet_of_an_ods_is_followed_by_another() -> None:
    sheets = ods_sheets(b"".join(write_ods(HEADER, [("Ada", number) for number in range(7)], rows_a_sheet=3)))
    assert [[row[1] for row in sheet] for sheet in sheets] == [["Number", 0, 1, 2], ["Number", 3, 4, 5], ["Number", 6]]
    exactly = ods_sheets(b"".join(write_ods(HEADER, [("Ada", number) for number in range(3)], rows_a_sheet=3)))
    assert len(exactly) == 1
    assert ods_sheets(b"".join(write_ods(HEADER, []))) == [[list(HEADER)]]


def test_a_workbook_says_what_it_is_told_to_say_of_itself(write: Callable[..., Iterator[bytes]]) -> None:
    archive = made(write(HEADER, [("Ada", 1)], ABOUT))
    [told] = [archive.read(name).decode() for name in archive.namelist() if name in ("meta.xml", "docProps/custom.xml")]
    assert ABOUT["document"] in told and "dA&lt;b&gt;c" in told


def test_a_cell_that_no_spreadsheet_holds_is_refused_not_left_out(write: Callable[..., Iterator[bytes]]) -> None:
    made(write(HEADER, [("x" * LONGEST_CELL, 1)]))
    with pytest.raises(CellTooLong):
        made(write(HEADER, [("x" * (LONGEST_CELL + 1), 1)]))


@pytest.mark.parametrize("writer", [write_csv, write_json, write_ods])
def test_bytes_leave_while_rows_are_read_and_nothing_is_drafted(writer: Callable[..., Iterator[bytes]]) -> None:
    taken = 0

    def rows() -> Iterator[Row]:
        nonlocal taken
        for taken in range(50_000):
            yield (f"Ada {taken * 7919 % 50_000}", taken)

    for chunk in writer(HEADER, rows()):
        if len(chunk) > 1000:
            break
    assert 0 < taken < 49_999 and len(chunk) < 300_000


def test_json_is_one_object_with_each_text_as_typed() -> None:
    rows: list[Row] = [("=Ada\t1", 1), ('O"Brien\u2028', Decimal("1.5")), ("Ұлжан", -2)]
    content = b"".join(write_json(HEADER, rows, ABOUT))
    typed = [["=Ada\t1", 1], ['O"Brien\u2028', "1.5"], ["Ұлжан", -2]]
    assert json.loads(content) == {**ABOUT, "columns": list(HEADER), "rows": typed}
    assert content.count(b"\n") == len(rows) + 3 and "Ұлжан".encode() in content
    assert read_json(b"".join(write_json(HEADER, []))) == [list(HEADER)]
