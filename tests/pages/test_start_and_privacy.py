"""The start page, the privacy page, and error pages of every role."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from app import create_app
from deliveries import wishes
from deliveries.clerk import services as clerk
from deliveries.sampling import services as sampling
from tests.conftest import BASE
from tests.factories import make_petition
from tests.pages.conftest import Get


def test_the_start_page_offers_what_can_be_signed(app: Flask, get: Get) -> None:
    with app.app_context():
        petition = make_petition(title="Let them go")
        slug, case = petition.slug, petition.case.slug
    page = get("/").text
    for words in ("Let them go", f'href="/petitions/{slug}"', f'href="/cases/{case}"', "Appeal rejected", "/privacy"):
        assert words in page


def test_an_empty_site_has_a_start_page_too(app: Flask, get: Get) -> None:
    assert "There is no petition to sign at the moment." in get("/").text


def test_the_pages_lead_who_has_signed_to_a_link_of_their_own(app: Flask, get: Get) -> None:
    with app.app_context():
        slug = make_petition().slug
    links = {f"/petitions/{slug}": f"/signatures/manage?petition={slug}", "/privacy": "/signatures/manage"}
    for page, link in links.items():
        assert f'href="{link}"' in get(page).text
        assert get(link).status_code == 200


def test_the_privacy_page_takes_its_days_from_what_rules_them(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wishes, "KEPT", 31)
    monkeypatch.setattr(wishes, "LONGEST_KEPT", 32)
    monkeypatch.setattr(clerk, "LIFE", timedelta(days=33))
    monkeypatch.setattr(sampling, "OPEN_FOR", timedelta(days=34))
    page = get("/privacy").text
    for words in ("for 31 days", "32 days at most", "goes 33 days after", "over after 34 days"):
        assert words in page, words


def test_the_privacy_page_names_who_is_responsible_and_what_a_thief_gets(app: Flask, get: Get) -> None:
    page = get("/privacy").text
    settings = app.config["UNDERSIGNED"]
    for words in (
        settings.organisation,
        settings.data_controller,
        "What a thief gets",
        "21 days",
        "one process",
        "7 days after you confirm",
        "90 days later",
        "Twelve months",
        "Never write to me again",
        "What the official is given",
        "You get no receipt",
        "Your answer is counted and then forgotten",
        "The stored file of a list",
    ):
        assert words in page


@pytest.mark.parametrize("path", ["/no-such-page", "/cases/none", "/petitions/none"])
def test_an_unknown_address_says_what_to_do(app: Flask, get: Get, path: str) -> None:
    answer = get(path)
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert 'href="/petitions/"' in answer.text


@pytest.mark.parametrize("role", ["office", "worker"])
def test_an_error_page_of_another_role_links_to_no_public_page(tmp_path: Path, role: str) -> None:
    app = create_app({**BASE, "UNDERSIGNED_DATA": str(tmp_path), "ROLE": role})
    answer = app.test_client().get("/no-such-page")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert "/petitions/" not in answer.text
