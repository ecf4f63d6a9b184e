"""Sheets that were typed elsewhere: a file chosen, understood, shown as it would be imported, imported once."""

import csv
import io
import re
from html import unescape
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from core.tables import harmless
from organisers.paper.files import LONGEST_CELL, MOST_COLUMNS
from tests.conftest import files_with
from tests.deliveries.exporting import exported
from tests.organisers.conftest import Office
from tests.organisers.test_paper import Paper
from tests.petitions.conftest import make_campaign

HIDDEN = re.compile(r'<input type="hidden" name="(draft|seen)" value="([^"]+)"')
SELECTED = re.compile(r'<select[^>]* name="(\w+)"[^>]*>(?:(?!</select>).)*?<option selected value="([^"]*)"', re.S)
SELECTS = re.compile(r'<select[^>]* name="(\w+)"')
GOOD = "Name;Land;Ort;E-Mail\nAda Example;Irland;Cork;\nBen Example;DE;Bonn;ben@example.org\n"


class Import(Paper):
    def choose(self, raw: bytes, **fields: Any) -> TestResponse:
        """Sends the file as the first page's form does."""
        sheet = re.search(r'<option (?:selected )?value="([0-9a-f]{64})"', self.office.get(f"{self.path}/import"))
        assert sheet
        given = {
            "csrf_token": self.office.token(),
            "sheet": sheet[1],
            "country": "",
            "file": (io.BytesIO(raw), "typed.csv"),
            **fields,
        }
        return self.office.client.post(f"{self.path}/import", data=given, content_type="multipart/form-data")

    def form(self, page: TestResponse, **fields: Any) -> dict[str, Any]:
        """The second page's form as it stands, with whatever is changed in it."""
        text = unescape(page.text)
        header = {"header": "y"} if re.search(r'<input checked[^>]* name="header"', text) else {}
        unset = dict.fromkeys(SELECTS.findall(text), "")
        return {
            **unset,
            **dict(HIDDEN.findall(text)),
            **dict(SELECTED.findall(text)),
            **header,
            "label": "File",
            **fields,
        }

    def run(self, page: TestResponse, **fields: Any) -> TestResponse:
        return self.office.post(f"{self.path}/import/run", **self.form(page, **fields))

    def check(self, page: TestResponse, **fields: Any) -> TestResponse:
        return self.office.post(f"{self.path}/import/check", **self.form(page, **fields))


@pytest.fixture
def paper(office: Office, app: Flask) -> Import:
    return Import(office, make_campaign(app))


def numbers(page: TestResponse) -> list[int]:
    """Ready, signed already, perhaps the same, with an error."""
    return [int(n.replace(",", "")) for n in re.findall(r'<strong class="big">([\d,]+)</strong>', page.text)]


def test_a_file_is_shown_first_and_imported_then(paper: Import) -> None:
    page = paper.choose(GOOD.replace("Irland", "Ireland").encode())
    assert page.status_code == 200 and numbers(page) == [2, 0, 0, 0] and "Nothing has been saved yet" in page.text
    assert paper.rows() == [] and paper.form(page)["name"] == "0" and paper.form(page)["email"] == "3"
    where = paper.run(page)
    assert where.status_code == 303 and "2 lines were saved and count." in paper.office.get(where.headers["Location"])
    assert [(p["name"], p["city"], p["email"]) for p in paper.people()] == [
        ("Ada Example", "Cork", ""), ("Ben Example", "Bonn", "ben@example.org"),
    ]  # fmt: skip
    assert paper.on_paper() == 2 and paper.campaign.mails() == []
    assert ("paper.entered", paper.campaign.slug) in paper.office.acts()


def test_nothing_of_the_file_is_kept_between_the_steps_and_the_page_seals_it(paper: Import) -> None:
    page = paper.choose(b"name,country\nAda Sentinel,IE\n")
    assert "Ada Sentinel" in page.text and "Ada Sentinel" not in paper.form(page)["draft"]
    data = paper.campaign.app.config["UNDERSIGNED"].data
    assert files_with("Sentinel", data) == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters_are_found_out(paper: Import, encoding: str, delimiter: str) -> None:
    text = delimiter.join(("Имя", "Страна")) + "\r\n" + delimiter.join(("Айнур Пример", "KZ")) + "\r\n"
    page = paper.choose(text.encode(encoding))
    assert numbers(page) == [1, 0, 0, 0], page.text
    paper.run(page)
    assert [person["name"] for person in paper.people()] == ["Айнур Пример"]


def test_columns_without_names_are_guessed_and_may_be_changed(paper: Import) -> None:
    page = paper.choose(b"Cork,Ada,Example,IE\nBonn,Ben,Example,DE\n")
    assert paper.form(page)["name"] == "0" and "header" not in paper.form(page)
    changed = {"name": "1", "second_name": "2", "country": "3", "city": "0"}
    stale = paper.run(page, **changed)
    assert stale.status_code == 200 and paper.rows() == []  # the new meaning is shown before it is imported
    checked = paper.check(page, **changed)
    assert numbers(checked) == [2, 0, 0, 0]
    paper.run(checked)
    assert [(p["name"], p["city"]) for p in paper.people()] == [("Ada Example", "Cork"), ("Ben Example", "Bonn")]


def test_a_country_is_given_for_lines_that_have_none(paper: Import) -> None:
    page = paper.choose(b"name\nAda Example\nBen Example\n")
    assert numbers(page) == [0, 0, 0, 2] and "Write the country, like Germany or DE." in page.text
    checked = paper.check(page, country_default="IE")
    assert numbers(checked) == [2, 0, 0, 0]
    paper.run(checked, country_default="IE")
    assert [row.country for row in paper.rows()] == ["IE", "IE"]


def test_errors_stand_by_line_and_the_others_are_imported(paper: Import) -> None:
    lines = (
        "name,country,email", "Ada Example,IE,", "Ben Example,Atlantis,", ",IE,", "Dan\u202eExample,IE,",
        "Eve Example,IE,nothing", '"Fay\nExample",IE,', "Gil\x07Example,IE,", "",
    )  # fmt: skip
    page = paper.choose("\n".join(lines).encode())
    text = unescape(page.text)
    assert numbers(page)[3] == 6 and numbers(page)[0] == 1
    for number, sentence in (
        (3, "like Germany or DE"),
        (4, "Write the name"),
        (5, "hidden characters"),
        (6, "Enter an email"),
    ):
        assert re.search(rf'<th scope="row">{number}</th>(?:(?!</tr>).)*{sentence}', text, re.S), sentence
    paper.run(page)
    assert [person["name"] for person in paper.people()] == ["Ada Example"]


def test_who_signed_already_and_who_looks_the_same_are_shown(paper: Import) -> None:
    paper.type({"name": "Ada Example", "country": "IE", "email": "ada@example.org"}, {"name": "Ben Example"})
    lines = (
        "name,country,email", "A. Example,IE,ada@example.org", "Example Ben,IE,", "Cem Example,IE,cem@example.org",
        "C. Example,IE,cem@example.org", "Dan Example,IE,", "Dan Example,IE,", "Dan Example,FR,",
    )  # fmt: skip
    page = paper.choose("\n".join(lines).encode())
    assert numbers(page) == [3, 2, 2, 0]
    text = unescape(page.text)
    assert "Line 3, Example Ben: This name from this country was typed from paper already" in text
    assert "Line 7, Dan Example: The same name and country stand on line 6." in text
    answer = paper.run(page, keep="7")
    said = paper.office.get(answer.headers["Location"])
    assert (
        "4 lines were saved and count." in said
        and "2 were left out" in said
        and "Left out as the same person: 1." in said
    )
    assert paper.campaign.count() == 6


def test_an_import_that_is_sent_twice_happens_once(paper: Import) -> None:
    page = paper.choose(b"name,country\nAda Example,IE\nBen Example,IE\n")
    assert paper.run(page).headers["Location"].endswith("/paper/1")
    again = paper.run(page, keep=["2", "3"])
    assert again.status_code == 303 and paper.campaign.count() == 2
    assert "Saved before, by the same form: 2." in paper.office.get(again.headers["Location"])


def test_an_imported_file_is_taken_back_as_a_whole(paper: Import) -> None:
    paper.run(paper.choose(b"name,country\nAda Example,IE\nBen Example,IE\n"))
    assert paper.campaign.count() == 2
    paper.office.saved(f"{paper.path}/1/take-back")
    assert paper.campaign.count() == 0 and paper.people() == []


def test_a_formula_is_text_and_leaves_as_text(paper: Import) -> None:
    paper.run(paper.choose(b'name,country\n"=HYPERLINK(""x"")",IE\n'))
    assert paper.people()[0]["name"] == '=HYPERLINK("x")'
    listed = exported(paper.office.app, paper.campaign.slug, "csv")
    cells = next(row for row in csv.reader(io.StringIO(listed.decode("utf-8-sig"))) if row[0] == "1")
    assert cells[1] == '\'=HYPERLINK("x")' == harmless('=HYPERLINK("x")')


MANY_COLUMNS = ",".join(f"c{n}" for n in range(100)).encode()
REFUSED = {
    "nothing": (b"", "empty"),
    "blank lines": (b"\n\n  \n", "empty"),
    "NULs": (b"name,country\nAda\x00Example,IE\n", "not a table of text"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "cannot be read"),
    "a spreadsheet": (b"PK\x03\x04" + bytes(range(128, 256)) * 4, "cannot be read"),
    "Latin-1": ("name,country\nÁda Exämple,IE\n".encode("latin-1"), "CSV UTF-8"),
    "half a UTF-16": ("name,country\nAda,IE\n".encode("utf-16")[:-1], "cannot be read"),
    "a hundred columns": (MANY_COLUMNS + b"\n" + MANY_COLUMNS, f"more than {MOST_COLUMNS} columns"),
    "a huge cell": (b"name,country\n" + b"A" * (LONGEST_CELL + 1) + b",IE\n", "very long"),
    "a cell beyond the reader": (b"name,country\n" + b"A" * 200_000 + b",IE\n", "cannot be read"),
    "an open quotation": (b'name,country\n"Ada Example,IE\n' + b"Ben Example,IE\n" * 500, "never closed"),
    "many lines": (b"A,IE\n" * 20_002, "more than 20000 lines"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_file_that_cannot_be_taken_is_refused_with_what_to_do(paper: Import, what: str) -> None:
    raw, sentence = REFUSED[what]
    answer = paper.choose(raw, label="My pile")
    assert answer.status_code == 422 and sentence in unescape(answer.text), unescape(answer.text)
    assert 'value="My pile"' in answer.text and paper.rows() == []


def test_no_file_and_a_file_too_large_are_refused(paper: Import) -> None:
    assert "Choose the file" in paper.office.post(f"{paper.path}/import").text
    assert paper.choose(b"Ada,IE\n" * 400_000).status_code == 413
    assert paper.rows() == []


def test_a_draft_of_another_petition_or_hand_is_not_taken(paper: Import, app: Flask) -> None:
    page = paper.choose(b"name,country\nAda Example,IE\n")
    other = Import(paper.office, make_campaign(app))
    for fields in (paper.form(page), paper.form(page, draft="x" * 200), paper.form(page, draft="")):
        answer = other.office.post(f"{other.path}/import/run", **fields)
        assert answer.status_code == 303 and answer.headers["Location"].endswith("/import")
    assert other.rows() == []


def test_ten_thousand_lines_are_imported(paper: Import) -> None:
    lines = "".join(
        f"Person {chr(97 + n % 26)}{chr(97 + n // 26 % 26)}{chr(97 + n // 676)} Example;IE;p{n}@example.org\n"
        for n in range(10_000)
    )
    page = paper.choose(b"name;country;email\n" + lines.encode())
    assert numbers(page) == [10_000, 0, 0, 0]
    assert paper.run(page).status_code == 303
    assert paper.campaign.count() == 10_000
