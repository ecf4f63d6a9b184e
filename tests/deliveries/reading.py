"""Files of a delivery, read as programs read them."""

import csv
import io
import json
import re
import zipfile
from typing import Any
from xml.etree import ElementTree

import openpyxl

Rows = list[list[Any]]
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"


def read_csv(content: bytes) -> Rows:
    return [list(row) for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))]


def read_xlsx(content: bytes) -> Rows:
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet is not None
    return [["" if cell is None else cell for cell in row] for row in sheet.iter_rows(values_only=True)]


def read_ods(content: bytes) -> Rows:
    """The first sheet."""
    return ods_sheets(content)[0]


def read_json(content: bytes) -> Rows:
    whole = json.loads(content)
    return [whole["columns"], *whole["rows"]]


def ods_sheets(content: bytes) -> list[Rows]:
    body = ElementTree.fromstring(zipfile.ZipFile(io.BytesIO(content)).read("content.xml"))
    return [
        [[_ods_cell(cell) for cell in row.iter(f"{TABLE}table-cell")] for row in sheet.iter(f"{TABLE}table-row")]
        for sheet in body.iter(f"{TABLE}table")
    ]


def _ods_cell(cell: ElementTree.Element) -> Any:
    if cell.get(f"{OFFICE}value-type") == "float":
        return int(cell.attrib[f"{OFFICE}value"])
    return "\n".join("".join(_pieces(line)) for line in cell.iter(f"{TEXT}p"))


def _pieces(line: ElementTree.Element) -> Any:
    """A run of spaces counts as one, as OpenDocument has it, unless it is spelt out."""
    yield re.sub(" +", " ", line.text or "")
    for child in line:
        yield {"s": " " * int(child.get(f"{TEXT}c", "1")), "tab": "\t"}[child.tag.removeprefix(TEXT)]
        yield re.sub(" +", " ", child.tail or "")


READERS = {"csv": read_csv, "xlsx": read_xlsx, "ods": read_ods, "json": read_json}


def read(content: bytes, kind: str) -> Rows:
    """The header and the rows of a file."""
    return READERS[kind](content)
