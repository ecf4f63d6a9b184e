"""The printed sheet and the code that leads to the petition."""

import io
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from flask import Flask
from pypdf import PdfReader

from core import pdf
from core.db import db
from petitions import services
from petitions.models import Petition
from petitions.states import PetitionState
from tests.petitions.conftest import Campaign

HOSTILE = '#panic("x") #set text(red) \\u{41} *a* _b_ $x$ <label> @ref `c` // d'


def reader(campaign: Campaign) -> PdfReader:
    services.forget()
    answer = campaign.client.get(f"/petitions/{campaign.slug}/sheet.pdf?fresh")
    assert answer.status_code == 200, answer.text
    assert answer.mimetype == "application/pdf"
    return PdfReader(io.BytesIO(answer.data))


def text(campaign: Campaign) -> str:
    return " ".join(" ".join(page.extract_text() for page in reader(campaign).pages).split())


def kept(app: Flask) -> list[Path]:
    return sorted((app.config["UNDERSIGNED"].data / "sheets").glob("*"))


def change(campaign: Campaign, **values: object) -> None:
    with campaign.app.app_context():
        services.edit(db.session.get_one(Petition, campaign.id), **values)
        db.session.commit()


def test_the_sheet_says_what_is_signed_to_whom_it_goes_and_what_happens_with_the_names(
    make_campaign_of: Callable[..., Campaign],
) -> None:
    campaign = make_campaign_of(title="Free them", letter="First paragraph.\n\nThe **second** one.", ask="We ask.")
    said = text(campaign)
    for words in (
        "Free them", "A. Recipient, Secretary, An Office", "First paragraph.", "The second one.", "Full name", "Country, town",
        "Email (optional)", "Signature", "Responsible for these data is the person who runs this demo on this machine",
        "90 days after", "localhost/petitions/", "1 / 2", "2 / 2",
    ):  # fmt: skip
        assert words in said, words
    with campaign.app.app_context():
        assert f"Petition {db.session.get_one(Petition, campaign.id).public_id} · Sheet " in said


def test_lines_are_numbered_through_from_one(campaign: Campaign) -> None:
    pages = [page.extract_text() for page in reader(campaign).pages]
    numbers = [[int(n) for n in re.findall(r"^(\d+)\s*$", page, re.M)] for page in pages]
    assert numbers[0] == list(range(1, len(numbers[0]) + 1)) and len(numbers[0]) >= 15
    assert numbers[1] == list(range(len(numbers[0]) + 1, len(numbers[0]) + len(numbers[1]) + 1))


def test_the_sheet_is_tagged_titled_and_in_the_language_of_the_petition(campaign: Campaign) -> None:
    document = reader(campaign)
    root = document.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"] == True  # noqa: E712
    assert root["/Lang"] == "en" and "/StructTreeRoot" in root
    assert document.metadata is not None and document.metadata.title == f"{campaign.slug.replace('p', 'P', 1)}".replace(
        "-", " "
    )
    width, height = document.pages[0].mediabox.width, document.pages[0].mediabox.height
    assert (round(float(width)), round(float(height))) == (595, 842)


def test_what_an_organiser_writes_is_printed_and_never_evaluated(make_campaign_of: Callable[..., Campaign]) -> None:
    recipients = [{"name": HOSTILE, "role": HOSTILE, "organisation": "", "country": "AT"}]
    said = text(make_campaign_of(title=HOSTILE, ask=HOSTILE, first_signatory=HOSTILE, recipients=recipients))
    assert said.replace(" ", "").count('#panic("x")#settext(red)\\u{41}*a*_b_$x$<label>@ref`c`//d') >= 6


def test_a_letter_in_cyrillic_and_kazakh_is_drawn_and_not_left_out(make_campaign_of: Callable[..., Campaign]) -> None:
    said = text(make_campaign_of(title="Қазақстан: бостандық", letter="Әділет үшін өтініш. Немедленно освободите."))
    assert "Қазақстан: бостандық" in said and "Әділет үшін өтініш. Немедленно освободите." in said


def test_a_long_letter_stands_overleaf_whole(make_campaign_of: Callable[..., Campaign]) -> None:
    letter = "\n\n".join(f"Paragraph {n} says something that matters to those who sign it." for n in range(120))
    campaign = make_campaign_of(letter=letter, ask="Our ask in short.")
    pages = [page.extract_text() for page in reader(campaign).pages]
    assert "Our ask in short." in pages[0] and "stands overleaf" in pages[0] and "Paragraph 3 " not in pages[0]
    rest = " ".join(" ".join(pages[1:]).split())
    assert all(f"Paragraph {n} says" in rest for n in range(120))


def test_a_sheet_is_set_once_for_each_content(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[float] = []
    run = subprocess.run
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: (started.append(time.monotonic()), run(*a, **k))[1])
    first = campaign.client.get(f"/petitions/{campaign.slug}/sheet.pdf?1")
    again = campaign.client.get(f"/petitions/{campaign.slug}/sheet.pdf?2")
    assert first.data == again.data and len(started) == 1
    assert again.headers["Cache-Control"].startswith("public") and again.headers["ETag"] == first.headers["ETag"]
    same = campaign.client.get(
        f"/petitions/{campaign.slug}/sheet.pdf?3", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert same.status_code == 304
    change(campaign, letter="Another letter.")
    assert "Another letter." in text(campaign) and len(started) == 2
    with campaign.app.app_context():
        number = db.session.get_one(Petition, campaign.id).public_id
    assert len([path for path in kept(campaign.app) if path.name.startswith(number)]) == 1


def test_what_cannot_be_set_is_not_tried_again_at_once(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []
    broken = Path(__file__).with_name("no-such-child.py")
    run = subprocess.run
    monkeypatch.setattr(pdf, "CHILD", broken)
    monkeypatch.setattr(subprocess, "run", lambda *a, **k: (started.append(1), run(*a, **k))[1])
    answers = [campaign.client.get(f"/petitions/{campaign.slug}/sheet.pdf?{n}") for n in range(3)]
    assert [answer.status_code for answer in answers] == [503, 503, 503] and len(started) == 1


def test_no_sheet_is_offered_once_signing_has_ended(campaign: Campaign) -> None:
    page = campaign.client.get(f"/petitions/{campaign.slug}").text
    assert f"/petitions/{campaign.slug}/sheet.pdf" in page
    with campaign.app.app_context():
        services.move(db.session.get_one(Petition, campaign.id), PetitionState.CLOSED)
        db.session.commit()
    assert campaign.client.get(f"/petitions/{campaign.slug}/sheet.pdf").status_code == 409
    assert (
        f"/petitions/{campaign.slug}/sheet.pdf" not in campaign.client.get(f"/petitions/{campaign.slug}?source=a").text
    )
    assert campaign.client.get("/petitions/none/sheet.pdf").status_code == 404


def test_the_code_is_an_image_of_the_petitions_address(campaign: Campaign) -> None:
    answer = campaign.client.get(f"/petitions/{campaign.slug}/qr.svg")
    assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
    assert answer.headers["Cache-Control"].startswith("public") and "script" not in answer.text
    drawn = ElementTree.fromstring(answer.data)
    assert drawn.tag.endswith("svg") and drawn.attrib["viewBox"].startswith("0 0 ")
    assert campaign.client.get("/petitions/none/qr.svg").status_code == 404
