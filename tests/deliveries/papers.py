"""Facts of a made-up delivery, and how its PDFs are read again: by poppler, which knows scripts, or by pypdf."""

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from core import fonts
from deliveries.documents.annex import annex
from deliveries.documents.facts import Facts, Signer, Texts
from deliveries.documents.numbers import Numbers, TakenOut
from petitions.states import ExitReason, Method

reads_scripts = pytest.mark.skipif(
    shutil.which("pdftotext") is None, reason="no pdftotext: apt-get install poppler-utils"
)
draws_chinese = pytest.mark.skipif(
    fonts.WANTED["Noto Sans CJK SC"] in fonts.missing(), reason="no Chinese font: apt-get install fonts-noto-cjk"
)
UNDRAWN = "\U000f3a7c"  # of a private plane: no font of a text has it
NOTE = "example.org/petitions/p1\n26730\nqUiB7NsnUnVpSBCSFJCb=\n\n— example.org/petitions/p1 c2lnbmVk\n"
MIXED = (
    ("Ada Example", "Teacher", "University of Somewhere", "Ireland"),
    ("Әділет Қазақұлы", "Заңгер", "Адам құқықтары бюросы", "Kazakhstan"),
    ("Иванов Иван", "Журналист", "Профсоюз «Достоинство»", "Russia"),
    ("محمد بن علي", "محامي", "نقابة المحامين", "Egypt"),
    ("प्रिया शर्मा", "शिक्षिका", "दिल्ली", "India"),
)
CHINESE = ("示例人", "教师", "北京大学人权研究中心", "China")
LONG = ("W" * 120, "Chair of the Committee " * 4, "m" * 200, "Ireland")


def made_up(**values: Any) -> Facts:
    numbers = Numbers(
        lines=26412, counted=310, withheld=3, total=26725, countries=(("IE", 26000), ("AT", 412)), rounded=False,
        methods={Method.WEB: 26000, Method.NOTABLE: 12, Method.PAPER: 713},
        left={ExitReason.WITHDRAWN: 14, ExitReason.DISOWNED: 5, ExitReason.ERASED: 2},
        taken_out=(TakenOut(41, "A wave within an hour."),), repeated=55, imported=120, unconfirmed=800,
    )  # fmt: skip
    recipient = {
        "name": "A. Recipient",
        "role": "Secretary",
        "organisation": "An Office",
        "address": "A Street 6\n1010 Vienna",
    }
    facts = Facts(
        delivery="dTestOfADelivery000001", day=date(2026, 11, 29), language="en",
        texts=Texts("en", "Release them", "We **ask** you.\n\n1. One thing", "Joe Higgins MEP", "Socialist Party"),
        recipient={**recipient, "country": "AT"}, members=(), notables=(Signer("Áine Shampla", "Professor", "", "IE", None),),
        organisations=(Signer("Example Union", "", "", "IE", 12000),), numbers=numbers,
        columns=("number", "name", "role", "affiliation", "country", "signed_on"), countries=(), since=None,
        count_only=False, purpose="To answer the petition.", delete_by=date(2027, 5, 31), dangerous=False, cover_code=None,
        note=NOTE, organisation="An Organisation", controller="The Controller", contact="ask@example.org",
        server="https://example.org", fingerprint="ab12cd34" * 8,
    )  # fmt: skip
    return replace(facts, **values)


def lines_of(count: int, people: tuple[tuple[str, ...], ...] = MIXED) -> Iterator[tuple[str, ...]]:
    for number in range(count):
        yield (str(number + 1), *people[number % len(people)], "2026-11-29")


def make_annex(app: Flask, folder: Path, count: int, **how: Any) -> list[Path]:
    """The volumes of a made-up list."""
    facts, tell = how.pop("facts", None) or made_up(), how.pop("tell", lambda done: None)
    rows, total = how.pop("rows", None) or lines_of(count), how.pop("total", count)
    with app.app_context():
        return list(annex(facts, rows, total, folder, tell, **how))


def read(path: Path, page: int | None = None, *how: str) -> str:
    """The text as a reader of every script copies it: without the marks of direction that poppler adds."""
    which = [] if page is None else ["-f", str(page), "-l", str(page)]
    said = subprocess.run(["pdftotext", *how, *which, path, "-"], capture_output=True, check=True).stdout.decode()
    return "".join(letter for letter in said if letter not in "\u202a\u202b\u202c\f")


def numbers_of(given: dict[str, str]) -> Callable[[str], str]:
    """Document numbers that a test knows: by name, in the order in which they are asked for."""
    return lambda name: given.setdefault(name, f"{len(given) + 1:032x}")
