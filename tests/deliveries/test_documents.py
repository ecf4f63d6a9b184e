"""Letter, cover sheet and method sheet: what stands on them is what is in the database, right in every script, and tagged."""

import io
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from flask import Flask
from pypdf import PdfReader

from core import pdf, site_signature
from core.db import db
from core.pdf import MissingGlyph
from deliveries.asking import new_public_id
from deliveries.documents import words
from deliveries.documents.facts import Facts, Texts, facts_of
from deliveries.documents.letter import letter_pdf
from deliveries.documents.method import method_pdf
from deliveries.models import Delivery
from petitions.counting import margins
from petitions.models import Petition
from petitions.versions import translations
from tests.deliveries.papers import NOTE, UNDRAWN, draws_chinese, made_up, read, reads_scripts
from tests.organisers.conftest import enter
from tests.organisers.test_paper import Paper
from tests.petitions.conftest import Campaign, make_campaign
from tests.petitions.test_invalidation import run as invalidate
from tests.petitions.test_invitations import Letter
from tests.petitions.test_organisations import NOTABLE, enter_union

HOSTILE = '#panic("x") #set text(red) \\u{41} *a* _b_ $x$ <label> @ref `c` // d'
COLUMNS = ["number", "name", "role", "affiliation", "country", "signed_on"]


@pytest.fixture
def site(apps: dict[str, Flask]) -> Flask:
    """No database is asked: one is enough."""
    return apps["sqlite"]


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    return make_campaign(app)


def facts_for(campaign: Campaign, **values: Any) -> Facts:
    """The facts of a delivery to the campaign's recipient, as they stand now."""
    told = {name: values.pop(name) for name in ("cover_code", "checkpoint_note", "by_country") if name in values}
    with campaign.app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        recipient = petition.recipients[0]
        copied = {name: getattr(recipient, name) for name in ("name", "role", "organisation", "address", "country")}
        given = {
            "recipient": copied,
            "language": petition.language,
            "columns": COLUMNS,
            "created_by": 1,
            "formats": ["csv"],
        }
        delivery = Delivery(public_id=new_public_id(), petition_id=petition.id, **{**given, **values})
        db.session.add(delivery)
        db.session.flush()
        found = facts_of(delivery, **told)
        db.session.rollback()
        return found


def said(app: Flask, make: Callable[..., bytes], facts: Facts, **how: Any) -> list[str]:
    """The text of each page, in one line."""
    with app.app_context():
        made = make(facts, **how)
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(made)).pages]


def poppler(app: Flask, make: Callable[..., bytes], facts: Facts, path: Any) -> str:
    with app.app_context():
        path.write_bytes(make(facts))
    return " ".join(read(path).split())


def after(text: str, *words: str) -> bool:
    places = [text.index(word) for word in words]
    return places == sorted(places)


def row(text: str, name: str) -> str:
    """The figure that stands beside a name on the method sheet."""
    found = re.search(rf"{re.escape(name)} ([\d,]+)", text)
    assert found, (name, text)
    return found[1]


def test_the_letter_and_the_method_sheet_say_what_happened(app: Flask) -> None:
    campaign = make_campaign(app, first_signatory="Joe Higgins MEP", first_signatory_role="Socialist Party, Ireland")
    organiser = enter(app)
    everybody = Letter(app, campaign, organiser)
    campaign.signed("ada@example.org", name="Ada Example")
    campaign.signed("ben@example.org", name="Ben Example", country="AT", visibility="public")
    campaign.signed("cem@example.org", visibility="counted")
    for address, way in (("dan@example.org", "withdraw"), ("eve@example.org", "disown")):
        mail = campaign.signed(address)
        links = {**mail.links, **campaign.mails(address)[-1].links}
        assert campaign.press(links[way]).status_code == 303
    campaign.signed("robot@fake.example", country="VA")
    campaign.count()
    invalidate(campaign, country="VA")
    campaign.sign("Ada@example.org", name="Ada Again")  # the same mailbox
    campaign.sign("faye@example.org")  # and never confirms
    Paper(organiser, campaign).type({"name": "Gil Example", "country": "Ireland"})
    organiser.saved(f"{everybody.office_list}/new", **NOTABLE)
    campaign.work()
    everybody.sign(NOTABLE["email"])
    everybody.approve(0)
    enter_union(campaign)
    everybody.sign("office@union.example")
    everybody.approve(1)
    campaign.count()
    facts = facts_for(campaign, purpose="To answer it.", delete_by=date(2027, 5, 31), checkpoint_note=NOTE)
    letter = said(app, letter_pdf, facts)
    sheet = " ".join(said(app, method_pdf, facts))
    sent = " ".join(letter[1:])
    assert "A. Recipient Secretary, An Office Austria" in sent and "Release them." in sent
    assert after(
        sent.partition("Release them.")[2], "Undersigned", "Joe Higgins MEP", "Socialist Party, Ireland", "Notable signatories",
        "Nora Sentinelova", "Professor of Law, A University, Germany", "Organisations", "Union of Sentinels",
        "12,500 members, Ireland", "The annex names 4 signatories", "By country", "Ireland 2",
    )  # fmt: skip
    assert "Germany 1" in sent and "Austria 1" in sent and "without a name: 1." in sent
    assert row(sheet, "Named in the list") == "4" and row(sheet, "Signatures of the petition in all") == "5"
    assert row(sheet, "To be counted without a name") == "1"
    assert row(sheet, "code that was mailed to them") == "3" and row(sheet, "link that was mailed to them") == "1"
    assert row(sheet, "no mailbox confirmed") == "1" and row(sheet, "Taken back by the signatory") == "1"
    assert row(sheet, "owner of the mailbox") == "1" and row(sheet, "Erased on request") == "0"
    assert row(sheet, "Taken out by the organisers: They are made.") == "1"
    assert row(sheet, "(known for 21 days)") == "1" and row(sheet, "not confirmed by the mailbox") == "1"
    with app.app_context():
        fingerprint = site_signature.in_groups(site_signature.fingerprint(site_signature.public_key()))
    for text in (sheet, letter[0]):
        assert fingerprint in text and "To answer it." in text and "31 May 2027" in text
        assert "deliveries/" + facts.delivery in text.replace(" ", "")
    assert "example.org/petitions/p1" in sheet and "nothing about the time before this delivery" in sheet


def test_numbers_by_country_are_the_publics_where_the_list_tells_no_country(campaign: Campaign) -> None:
    campaign.signed("ada@example.org")
    campaign.count()
    with campaign.app.app_context():
        margins.take_all()
    blind = facts_for(campaign, columns=["number", "name"])
    assert (blind.numbers.lines, blind.numbers.countries, blind.numbers.rounded) == (1, (), True)
    counted = facts_for(campaign, count_only=True)
    assert (counted.numbers.lines, counted.numbers.countries) == (1, ())
    assert facts_for(campaign).numbers.countries == (("IE", 1),)
    assert "Ireland 1" not in " ".join(said(campaign.app, letter_pdf, blind))
    only = " ".join(said(campaign.app, letter_pdf, counted))
    assert "Their names are not part of this delivery." in only and "The annex" not in only


def test_only_the_chosen_lines_are_counted(campaign: Campaign) -> None:
    campaign.signed("ada@example.org")
    campaign.signed("ben@example.org", country="AT")
    chosen = facts_for(campaign, countries=["AT"])
    assert chosen.numbers.countries == (("AT", 1),)
    text = " ".join(said(campaign.app, letter_pdf, chosen))
    assert (
        "The annex names 1 signatory" in text
        and "Only signatories from these countries were asked for: Austria." in text
    )
    assert facts_for(campaign, by_country={"AT": 2, "IE": 3}).numbers.lines == 5


def test_the_letter_goes_out_in_the_language_of_the_delivery(campaign: Campaign) -> None:
    with campaign.app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        texts = {"title": "Освободите их", "ask": "Просим.", "letter": "Немедленно освободите."}
        translations.write(petition, "ru", actor="test", **texts)
        db.session.commit()
    text = said(campaign.app, letter_pdf, facts_for(campaign, language="ru"))[1]
    assert "Освободите их" in text and "Немедленно освободите." in text and "Release them." not in text
    assert "letter in this language: English." in text
    assert "A translation" not in said(campaign.app, letter_pdf, facts_for(campaign))[1]


@pytest.mark.parametrize("make", [letter_pdf, method_pdf])
def test_both_are_accessible_and_carry_their_own_number_on_each_page(site: Flask, make: Callable[..., bytes]) -> None:
    with site.app_context():
        made = make(made_up(), numbers=lambda name: "0123456789abcdef" * 2)
        other = make(made_up())
    reader = PdfReader(io.BytesIO(made))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and "/StructTreeRoot" in root and root["/Lang"] == "en"
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    mark = f"Copy for A. Recipient · delivery dTestOfADelivery000001 · document {'0123456789abcdef' * 2}"
    assert all(mark in " ".join(page.extract_text().split()) for page in reader.pages)
    assert made != other


def test_the_cover_sheet_asks_for_its_code_in_a_dangerous_case_only(site: Flask) -> None:
    dangerous = said(site, letter_pdf, made_up(dangerous=True, cover_code="ABCDEFGH2345"))
    assert "ABCD EFGH 2345" in dangerous[0] and "without it the page says nothing" in dangerous[0]
    assert "ABCD" not in "".join(dangerous[1:])
    usual = said(site, letter_pdf, made_up())[0]
    assert "code below" not in usual and "What it does not prove" in usual and "that the people named exist" in usual


def test_what_people_wrote_is_printed_and_never_evaluated(site: Flask) -> None:
    hostile = made_up(
        texts=Texts(
            "en", HOSTILE, HOSTILE.replace("_b_ ", "").replace("*a* ", "").replace("`c` ", ""), HOSTILE, HOSTILE
        )
    )
    assert "".join(said(site, letter_pdf, hostile)).replace(" ", "").count('#panic("x")#settext(red)') >= 5
    assert '#panic("x")' in "".join(said(site, method_pdf, hostile)).replace(" ", "")


@reads_scripts
@pytest.mark.parametrize(
    ("language", "title", "letter"),
    [
        ("kk", "Әділет үшін өтініш", "Қамауға алынғандарды босатыңыз."),
        ("ru", "Освободите их", "Требуем немедленного освобождения."),
        ("ar", "أطلقوا سراح النشطاء", "نطالبكم بالإفراج الفوري عن النشطاء"),
        ("hi", "उन्हें रिहा करें", "हम तत्काल रिहाई की माँग करते हैं"),
        pytest.param("zh", "释放他们", "我们要求立即释放", marks=draws_chinese),
    ],
)
def test_every_script_is_drawn_and_read(site: Flask, tmp_path: Any, language: str, title: str, letter: str) -> None:
    facts = made_up(language=language, texts=Texts(language, title, letter, "", ""))
    text = poppler(site, letter_pdf, facts, tmp_path / "letter.pdf")
    assert title in text and letter in text and after(text, "Cover sheet", "1010 Vienna", letter, "Undersigned")


def test_a_letter_that_no_font_draws_refuses_the_sheets_and_no_other_paper(site: Flask) -> None:
    strange = made_up(texts=Texts("en", f"Release {UNDRAWN}", "Now.", "", ""))
    for make in (letter_pdf, method_pdf):
        with site.app_context(), pytest.raises(MissingGlyph) as refused:
            make(strange)
        assert refused.value.letters == UNDRAWN
    receipt = {
        "title": "Receipt", "language": "en", "organisation": "An Organisation", "server": "example.org", "footer": UNDRAWN,
        "amount": "1", "caption": "", "facts": {"title": "", "rows": []}, "notes": [],
    }  # fmt: skip
    assert pdf.typeset("receipt.typ", receipt).startswith(b"%PDF")


def test_a_hundred_notable_signatories_go_on_overleaf(site: Flask) -> None:
    pages = said(site, letter_pdf, made_up(notables=made_up().notables * 100))
    assert "".join(pages).count("Áine Shampla") == 100 and len(pages) > 4 and "The annex names" in pages[-1]


def test_an_address_that_names_its_country_does_not_name_it_twice(site: Flask) -> None:
    told = made_up().recipient
    with site.test_request_context():
        once = words.addressed(made_up(recipient={**told, "country": "AT", "address": "1010 Vienna"}))
        named = words.addressed(made_up(recipient={**told, "country": "AT", "address": "1010 Vienna\nAustria"}))
    assert once == named and once[-2:] == ["1010 Vienna", "Austria"]
