"""The form: what it takes, what it refuses, and what it never tells."""

import re
import unicodedata
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import text

from core.db import Base, db
from petitions import services
from petitions.models import Submission
from petitions.persons import open_person
from petitions.states import PetitionState, Visibility
from tests.petitions.conftest import Campaign

KEPT = [
    "Sukarno", "Sinéad O'Connor", "Jean-Luc d’Arc", "علي بن محمد", "王小明", "Нұрсұлтан Әбішев", "می‌خواهم رضا",
    "Nguyễn Thị Ánh", "J. R. Smith", "María José Carreño Quiñones", "=Ada", "-", "İbrahim", "Ɓukar Ɗan",
]  # fmt: skip
REFUSED_NAMES = {
    "nothing": "", "spaces": "   ", "a web address": "Ada https://evil.example", "a bare address": "www.evil.example",
    "a domain": "Visit evil.com", "a short link": "bit.ly/abc", "a control": "Ada\x07Bell", "NUL": "Ada\x00",
    "bidi override": "Ada \u202ereversed", "bidi isolate": "Ada \u2067x\u2069", "zero width space": "Ad\u200ba",
    "too long": "a" * 121, "digits only": "12345", "stacked accents": "A" + "\u0301" * 12,
    "replacement character": "Ada \ufffd",
}  # fmt: skip
REFUSED_EMAILS = [
    "", "ada", "ada@", "@example.org", "ada@example", "ada@@example.org", "ada example@example.org",
    "ada@example.org\nBcc: x@example.org", "a" * 65 + "@example.org", "ada@" + "a" * 250 + ".org",
    "ада@example.org", "ada@exa_mple.org", "<ada@example.org>",
]  # fmt: skip


def test_signing_answers_303_to_the_thanks_page_without_the_address_in_it(campaign: Campaign) -> None:
    answer = campaign.sign("ada@example.org")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith(f"/petitions/{campaign.slug}/thanks?t=")
    assert "ada" not in answer.headers["Location"]
    page = campaign.client.get(answer.headers["Location"])
    assert "ada@example.org" in page.text and page.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", [name for name in KEPT if name != "-"])
def test_names_are_kept_as_typed(campaign: Campaign, name: str) -> None:
    assert campaign.sign(name=unicodedata.normalize("NFD", name)).status_code == 303
    with campaign.app.app_context():
        submission = db.session.query(Submission).one()
        person = open_person(services.get(campaign.id), submission)
    assert person["name"] == unicodedata.normalize("NFC", name)


@pytest.mark.parametrize("name", REFUSED_NAMES.values(), ids=REFUSED_NAMES.keys())
def test_names_that_could_deceive_are_refused_with_everything_kept(campaign: Campaign, name: str) -> None:
    answer = campaign.sign(
        "kept@example.org",
        name=name,
        country="FR",
        visibility="counted",
        affiliation="Kept Union",
        comment="kept words",
    )
    assert answer.status_code == 422
    assert 'id="errors"' in answer.text and 'href="#name"' in answer.text and 'aria-invalid="true"' in answer.text
    for kept in ('value="kept@example.org"', "Kept Union", "kept words"):
        assert kept in answer.text
    assert re.search(r'<option[^>]*selected[^>]*value="FR"', answer.text)
    assert re.search(r'<input[^>]*checked[^>]*value="counted"', answer.text)
    assert campaign.submissions() == []


@pytest.mark.parametrize("address", REFUSED_EMAILS)
def test_addresses_that_cannot_be_written_to_are_refused(campaign: Campaign, address: str) -> None:
    answer = campaign.sign(address)
    assert answer.status_code == 422 and 'href="#email"' in answer.text
    assert campaign.submissions() == []


@pytest.mark.parametrize(
    ("field", "longest"), [("name", 120), ("role", 100), ("affiliation", 200), ("postal_code", 20), ("comment", 500)]
)
def test_each_field_takes_its_length_and_not_one_more(campaign: Campaign, field: str, longest: int) -> None:
    assert campaign.sign(**{field: "x" * longest}).status_code == 303
    refused = campaign.sign(**{field: "x" * (longest + 1)})
    assert refused.status_code == 422 and "x" * (longest + 1) in refused.text
    assert len(campaign.submissions()) == 1


@pytest.mark.parametrize("country", ["", "XX", "EU", "ie", "Ireland", "IEE", "ZZ"])
def test_only_countries_are_countries(campaign: Campaign, country: str) -> None:
    assert campaign.sign(country=country).status_code == 422


@pytest.mark.parametrize("visibility", ["", "everybody", "PUBLIC"])
def test_a_choice_about_the_name_must_be_made(campaign: Campaign, visibility: str) -> None:
    assert campaign.sign(visibility=visibility).status_code == 422


def test_a_stale_or_forged_token_is_refused_and_the_next_press_works(campaign: Campaign) -> None:
    for token in ("", "5.abc", "1." + "a" * 22, "٣.x", "9" * 40 + ".x"):
        answer = campaign.sign(token=token)
        assert answer.status_code == 422
        fresh = re.search(r'name="token" value="([^"]+)"', answer.text)
        assert fresh is not None
    assert campaign.sign(token=fresh[1]).status_code == 303


def test_public_is_never_preselected_and_danger_preselects_counted(make_campaign_of: Callable[..., Campaign]) -> None:
    from tests.factories import make_case

    campaign = make_campaign_of()
    assert _preselected(campaign) == "recipients"
    with campaign.app.app_context():
        case = make_case(dangerous=True)
        db.session.expunge(case)
    dangerous = make_campaign_of(case=db_merge(campaign.app, case))
    assert _preselected(dangerous) == "counted"


def db_merge(app: Flask, case: object) -> object:
    with app.app_context():
        return db.session.merge(case, load=False)


def _preselected(campaign: Campaign) -> str:
    page = campaign.client.get(f"/petitions/{campaign.slug}").text
    found = re.findall(r'<input checked[^>]*name="visibility"[^>]*value="(\w+)"', page)
    assert len(found) == 1
    return found[0]


def test_a_petition_that_another_process_hid_takes_no_signature_once_its_memory_has_aged(campaign: Campaign) -> None:
    assert campaign.sign().status_code == 303
    with campaign.app.app_context():
        db.session.execute(text("UPDATE petitions SET state = 'draft'"))
        db.session.commit()
    services._remembered.update({key: (0.0, petition) for key, (_, petition) in services._remembered.items()})
    assert [campaign.sign(address).status_code for address in ("b@example.org", "c@example.org")] == [404, 404]
    assert len(campaign.submissions()) == 1


@pytest.mark.parametrize("state", [PetitionState.PAUSED, PetitionState.CLOSED])
def test_a_petition_that_is_not_open_answers_409(campaign: Campaign, state: PetitionState) -> None:
    with campaign.app.app_context():
        services.move(services.get(campaign.id), state)
        db.session.commit()
    answer = campaign.sign(name="")
    assert answer.status_code == 409 and "<h1" in answer.text
    assert campaign.submissions() == []
    assert "<form" not in campaign.client.get(f"/petitions/{campaign.slug}").text


def test_an_unknown_or_unpublished_petition_is_404(campaign: Campaign) -> None:
    assert campaign.client.post("/petitions/nothing-here/sign", data={}).status_code == 404
    with campaign.app.app_context():
        db.session.execute(text("UPDATE petitions SET state = 'draft'"))
        db.session.commit()
        services.forget()
    assert campaign.sign().status_code == 404
    assert campaign.client.get(f"/petitions/{campaign.slug}").status_code == 404


def test_what_was_not_asked_for_is_ignored(campaign: Campaign) -> None:
    campaign.sign(
        state="confirmed", petition_id="99", id="7", public_id="mine", email_index="x", received_at="1999-01-01"
    )
    (submission,) = campaign.submissions()
    assert submission.state == "received" and submission.petition_id == campaign.id and submission.public_id != "mine"


def test_sources_are_the_petitions_own_or_other(make_campaign_of: Callable[..., Campaign]) -> None:
    campaign = make_campaign_of(sources=["leaflet"])
    for source in ("leaflet", "made-up", ""):
        campaign.sign(source=source)
    assert [one.source for one in campaign.submissions()] == ["leaflet", "other", "other"]
    page = campaign.client.get(f"/petitions/{campaign.slug}?source=leaflet").text
    assert re.search(r'name="source"[^>]*value="leaflet"', page)


def test_a_repeat_and_a_first_signing_cannot_be_told_apart(campaign: Campaign) -> None:
    campaign.signed("ada@example.org")
    first, again = campaign.sign("eva@example.org"), campaign.sign("ada@example.org")
    assert first.status_code == again.status_code == 303
    assert sorted(first.headers.keys()) == sorted(again.headers.keys())
    assert len(first.headers["Location"]) == len(again.headers["Location"])
    assert len(first.data) == len(again.data)
    pages = [campaign.client.get(answer.headers["Location"]) for answer in (first, again)]
    bodies = [
        re.sub(r"(ada|eva)@example.org|name=\"t\" value=\"[^\"]*\"|value=\"[\w-]{40,}\"", "", page.text)
        for page in pages
    ]
    assert bodies[0] == bodies[1]


def test_the_database_holds_nothing_personal_in_clear(campaign: Campaign) -> None:
    secrets = {
        "name": "Sentinelname Ada", "postal_code": "SENT1NEL", "role": "Sentinelrole", "affiliation": "Sentinelunion",
        "comment": "Sentinelcomment",
    }  # fmt: skip
    campaign.signed("sentinel@example.org", visibility="recipients", **secrets)
    campaign.sign("sentinel@example.org", **secrets)
    with campaign.app.app_context():
        rows = [row for table in Base.metadata.sorted_tables for row in db.session.execute(table.select())]
        everything = repr(rows).lower()
    assert "sentinel" not in everything


def test_visibility_values_are_the_contracts() -> None:
    assert {choice.value for choice in Visibility} == {"recipients", "public", "counted"}
