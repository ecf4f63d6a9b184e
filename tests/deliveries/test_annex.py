"""The annex: every line on its page, every page with its number and its sums, every script right; and how making it ends."""

import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import psutil
import pytest
import typst
from flask import Flask
from pypdf import PdfReader

from core import clock, fonts, pdf, tables
from core.pdf import MissingGlyph
from core.volumes import SIZES, RowsChanged, Sizes, plan
from deliveries.documents import cells
from deliveries.documents.facts import Texts
from tests.deliveries.papers import (
    CHINESE,
    LONG,
    MIXED,
    UNDRAWN,
    draws_chinese,
    lines_of,
    made_up,
    make_annex,
    numbers_of,
    read,
    reads_scripts,
)

SMALL = Sizes(rows_a_page=4, pages_a_part=2, parts_a_volume=2)  # 16 lines a volume
HERE = Path(__file__).parent.parent.parent


@pytest.fixture
def site(apps: dict[str, Flask]) -> Flask:
    """No database is asked: one is enough."""
    return apps["sqlite"]


def pages(path: Path) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(path).pages]


def test_lines_pages_and_volumes_are_numbered_through_and_every_page_has_its_sums(site: Flask, tmp_path: Path) -> None:
    told: list[int] = []
    given: dict[str, str] = {}
    made = make_annex(
        site, tmp_path, 37, rows=lines_of(37, MIXED[:1]), tell=told.append, sizes=SMALL, numbers=numbers_of(given)
    )
    assert [path.name for path in made] == [f"annex-00{number}-of-003.pdf" for number in (1, 2, 3)]
    assert told == [8, 16, 24, 32, 37] and sorted(tmp_path.iterdir()) == made
    lines: list[str] = []
    for number, (path, length) in enumerate(zip(made, (5, 5, 3), strict=True), 1):
        said = pages(path)
        assert len(said) == length
        for place, page in enumerate(said, 1):
            assert f"page {place} of {length}" in page and f"volume {number} of 3" in page
            assert f"Copy for A. Recipient · delivery dTestOfADelivery000001 · document {given[path.name]}" in page
        for place, page in enumerate(said[1:], 1):
            so_far = min(37, 16 * (number - 1) + 4 * place)
            assert f"On this page: {so_far - 4 * (place - 1) - 16 * (number - 1)}. Up to here: {so_far} of 37." in page
            assert ("End of the list." in page) == (so_far == 37)
            lines += re.findall(r"(\d+) Ada Example", page)
        properties = PdfReader(path).metadata
        assert properties is not None and given[path.name] in properties["/Keywords"]
        assert properties.title == f"Annex: signatories of “Release them”, volume {number} of 3"
    assert lines == [str(number) for number in range(1, 38)]
    assert len(set(given.values())) == 3


def test_a_million_lines_are_34_volumes_and_none_has_more_than_ten_parts() -> None:
    volumes = plan(1_000_000)
    assert (len(volumes), volumes[0].pages, volumes[-1].rows) == (34, 751, 1_000_000 - 33 * SIZES.rows_a_volume)
    assert sum(volume.rows for volume in volumes) == 1_000_000 and volumes[-1].name("annex") == "annex-034-of-034.pdf"
    assert SIZES.parts_a_volume == 10 and [volume.name("annex") for volume in plan(30_000)] == ["annex.pdf"]


def test_a_list_of_nobody_is_a_title_page(site: Flask, tmp_path: Path) -> None:
    [made] = make_annex(site, tmp_path, 0)
    [said] = pages(made)
    assert "page 1 of 1" in said and "Lines of this volume none" in said


@reads_scripts
def test_every_script_is_drawn_and_read_in_order(site: Flask, tmp_path: Path) -> None:
    [made] = make_annex(site, tmp_path, 5)
    said = read(made, 2)
    for person in MIXED:
        assert all(words in said for words in person), person
        places = [said.index(words) for words in person]
        assert places == sorted(places), person


@reads_scripts
@draws_chinese
def test_chinese_is_drawn_and_read(site: Flask, tmp_path: Path) -> None:
    [made] = make_annex(site, tmp_path, 1, rows=lines_of(1, (CHINESE,)))
    assert all(words in read(made) for words in CHINESE)
    drawn = {str(one["/BaseFont"]) for page in PdfReader(made).pages for one in fonts_of(page)}
    assert any("CJK" in name for name in drawn), drawn


def fonts_of(page: object) -> list[dict[str, object]]:
    return [font.get_object() for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]


def test_the_shipped_fonts_draw_what_they_are_shipped_for(site: Flask, tmp_path: Path) -> None:
    [made] = make_annex(site, tmp_path, 5)
    drawn = {str(one["/BaseFont"]).partition("+")[2] for page in PdfReader(made).pages[1:] for one in fonts_of(page)}
    assert drawn == {"NotoSans-Regular", "NotoSans-Bold", "NotoNaskhArabic-Regular", "NotoSansDevanagari-Regular"}
    page = "#set document(title: [x])\n#set text(font: sys.inputs.font, fallback: false)\n#sys.inputs.said"
    alone = typst.Fonts(False, False, pdf.setting("any.typ", {}, standard=None)["fonts"])
    for family, (said, *_) in zip(fonts.SHIPPED, (MIXED[1], MIXED[3], MIXED[4]), strict=True):
        typst.compile(
            page.encode(), font_paths=alone, sys_inputs={"font": family, "said": said}, pdf_standards=["ua-1"]
        )


@reads_scripts
def test_the_longest_words_stay_in_their_line_whole(site: Flask, tmp_path: Path) -> None:
    [made] = make_annex(site, tmp_path, 40, rows=lines_of(40, (LONG,)))
    assert len(PdfReader(made).pages) == 2
    said = "".join(read(made, 2, "-raw").split())
    assert [said.count("".join(words.split())) for words in LONG] == [40, 40, 40, 40]


def test_a_list_in_arabic_reads_from_the_right(site: Flask, tmp_path: Path) -> None:
    arabic = made_up(language="ar", texts=Texts("ar", "أطلقوا سراحهم", "نطالبكم.", "", "", signed_in="en"))
    [made] = make_annex(site, tmp_path, 3, facts=arabic)
    reader = PdfReader(made)
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "ar" and root["/ViewerPreferences"]["/Direction"] == "/R2L"
    at: dict[str, float] = {}

    def note(text: str, matrix: list[float], position: list[float], *_: object) -> None:
        if text.strip() in ("No.", "Name", "Country"):
            at[text.strip()] = matrix[4] + position[4]

    reader.pages[1].extract_text(visitor_text=note)
    assert at["No."] > at["Name"] > at["Country"] > 0


def test_a_letter_that_no_font_draws_refuses_the_list(site: Flask, tmp_path: Path) -> None:
    strange = ((f"Ada {UNDRAWN}", "", "", "Ireland"),)
    with pytest.raises(MissingGlyph) as refused:
        make_annex(site, tmp_path, 1, rows=lines_of(1, strange))
    assert refused.value.letters == UNDRAWN and list(tmp_path.iterdir()) == []
    with site.app_context():
        assert refused.value.advice.startswith(
            "No font on this machine draws the letter U+F3A7C (script: unknown). Install fonts"
        )


@pytest.mark.parametrize(
    ("letter", "script", "package"),
    [
        ("示", "Chinese", "fonts-noto-cjk"),
        ("ვ", "Georgian", "fonts-noto-core"),
        ("🇰", "signs", "fonts-noto-color-emoji"),
    ],
)
def test_the_advice_names_the_script_and_what_to_install(site: Flask, letter: str, script: str, package: str) -> None:
    with site.app_context():
        said = fonts.advice(letter)
    assert f"script: {script}" in said and f"Install {package}" in said


@pytest.mark.parametrize(("counted", "there"), [(9, 8), (8, 9), (16, 17), (1, 0)])
def test_a_list_that_changed_meanwhile_is_refused(site: Flask, tmp_path: Path, counted: int, there: int) -> None:
    with pytest.raises(RowsChanged):
        make_annex(site, tmp_path, there, rows=lines_of(there), total=counted, sizes=SMALL)
    assert list(tmp_path.iterdir()) == []


def test_cancelling_between_parts_leaves_nothing(site: Flask, tmp_path: Path) -> None:
    class Cancelled(Exception):
        pass

    def tell(done: int) -> None:
        if done == 24:
            raise Cancelled

    with pytest.raises(Cancelled):
        make_annex(site, tmp_path, 37, tell=tell, sizes=SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["annex-001-of-003.pdf"]  # whole, and given to whoever asked
    assert typesetters(psutil.Process()) == []


def typesetters(parent: psutil.Process) -> list[psutil.Process]:
    found = []
    for one in parent.children(recursive=True):
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if any("typesetter.py" in part for part in one.cmdline()):
                found.append(one)
    return found


def at_work(typesetter: psutil.Process) -> bool:
    """Whether it has bound itself to its parent: it loads typst after that."""
    try:
        return any("typst" in one.path for one in typesetter.memory_maps())
    except psutil.NoSuchProcess:  # it has done its part: the next one comes
        return False


MAKES_AN_ANNEX = """
import sys
from pathlib import Path
from tests.conftest import BASE
from tests.deliveries.papers import lines_of, make_annex
from app import create_app
folder = Path(sys.argv[1])
make_annex(create_app({**BASE, "UNDERSIGNED_DATA": str(folder)}), folder / "drafts", 40_000)
"""


def test_a_kill_leaves_no_process_and_only_drafts_that_are_swept(tmp_path: Path) -> None:
    maker = subprocess.Popen([sys.executable, "-c", MAKES_AN_ANNEX, tmp_path], cwd=HERE)
    watched = psutil.Process(maker.pid)
    try:
        child = wait_for(lambda: next(filter(at_work, typesetters(watched)), None))
        child.suspend()  # it ends by the kernel's hand, or not at all
    finally:
        maker.send_signal(signal.SIGKILL)
        maker.wait()
    try:
        wait_for(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE or None)
    finally:
        if child.is_running():
            child.kill()
    drafts = tmp_path / "drafts"
    assert [path.name[:3] for path in drafts.iterdir()] == ["tmp"]
    assert tables.sweep(drafts, clock.now() + timedelta(minutes=1)) == 1 and list(drafts.iterdir()) == []


def wait_for(look):  # type: ignore[no-untyped-def]
    until = time.monotonic() + 120
    while (found := look()) is None:
        assert time.monotonic() < until, "it never came"
        time.sleep(0.005)
    return found


@pytest.mark.parametrize(
    ("said", "rtl", "laid"),
    [
        ("Ada Example", False, "Ada Example"),
        ("محمد (محامي)", True, "محمد (محامي)"),
        ("محمد (محامي)", False, ["محمد (محامي)", "rtl", True]),
        ("Профсоюз «Достоинство»", True, ["Профсоюз «Достоинство»", "ltr", True]),
        ("2026-11-29", True, "2026-11-29"),
        ("W" * 60, False, ["W" * 60, "ltr", False]),
    ],
)
def test_each_cell_runs_as_its_own_first_letter_does(said: str, rtl: bool, laid: object) -> None:
    assert cells.cell(said, 70.0, rtl=rtl) == laid
