"""Every route of the app and who may reach it: a new one fails here until somebody says so in tests/routes.py."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from app import create_app
from cases.translations import services as case_translations
from core.db import Base, db
from core.tokens import form_token
from petitions.versions import translations
from tests.conftest import BASE
from tests.factories import make_case, make_petition
from tests.organisers.conftest import enter
from tests.routes import ARGUMENTS, DOOR, FIELDS, LOOPBACK, MACHINE, OFFICE, PUBLIC, ROUTES, SLUGS, TOKEN, UNKNOWN

WRITES = ("POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")


@dataclass
class Site:
    """An app with one case and one petition, and every request that its routes can be asked."""

    app: Flask
    rules: list[Rule] = field(init=False)

    def __post_init__(self) -> None:
        self.rules = list(self.app.url_map.iter_rules())

    def path(self, rule: Rule) -> str:
        values = {**ARGUMENTS, "slug": SLUGS.get(rule.endpoint.split(".")[0])}
        built = rule.build({name: values[name] for name in rule.arguments}, append_unknown=False)
        assert built is not None, rule
        return built[1]

    def asked(self, method: str, *who: str) -> Iterator[tuple[str, str]]:
        """(endpoint, path) of the routes of these kinds that take the method."""
        for rule in self.rules:
            if method in (rule.methods or ()) and kind(rule.endpoint) in who:
                yield rule.endpoint, self.path(rule)

    def rows(self) -> dict[str, list[str]]:
        """Every row of every table, but for sums of pages that were handed out: a thread of its own writes them (ADR 0029)."""
        with self.app.app_context():
            return {
                table.name: sorted(map(repr, db.session.execute(select(table))))
                for table in Base.metadata.sorted_tables
                if table.name != "page_counts"
            }


def kind(endpoint: str) -> str:
    return ROUTES.get(endpoint, ("undeclared", ""))[0]


@pytest.fixture
def site(app: Flask) -> Site:
    with app.app_context():
        petition = make_petition(make_case(slug=SLUGS["pages"]), slug=SLUGS["petitions"])
        texts = {"title": "Lasst sie frei", "ask": "Wir bitten.", "letter": "Lasst sie frei."}
        case_translations.write(petition.case, ARGUMENTS["language"], actor="olga@example.org", title="Lasst sie frei")
        translations.write(petition, ARGUMENTS["language"], actor="olga@example.org", **texts)
        db.session.commit()
    return Site(app)


def test_every_route_is_declared(apps: dict[str, Flask]) -> None:
    found: dict[str, set[str]] = {}
    for rule in apps["sqlite"].url_map.iter_rules():
        found.setdefault(rule.endpoint, set()).update((rule.methods or set()) - {"HEAD", "OPTIONS"})
    assert found == {endpoint: set(methods.split()) for endpoint, (_, methods) in ROUTES.items()}


@pytest.mark.parametrize(
    ("role", "serves"),
    [
        ("public", {PUBLIC, TOKEN, MACHINE}),
        ("office", {PUBLIC, DOOR, OFFICE, LOOPBACK}),
        ("worker", {PUBLIC, LOOPBACK}),
    ],
)
def test_a_process_serves_its_roles_routes_only(tmp_path, role: str, serves: set[str]) -> None:
    app = create_app({**BASE, "UNDERSIGNED_DATA": str(tmp_path), "ROLE": role, "SITE_PUBLIC_KEY": "A" * 43 + "="})
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert {kind(endpoint) for endpoint in endpoints} == serves
    if role != "public":
        everywhere = {"static", "health.healthz", "health.readyz"}
        assert {endpoint for endpoint in endpoints if kind(endpoint) == PUBLIC} == everywhere


def test_nothing_of_ones_own_machine_is_served_to_others(tmp_path) -> None:
    names = {
        "SMTP_URL": "smtp://localhost",
        "MAIL_FROM": "a@example.org",
        "ORGANISATION": "O",
        "DATA_CONTROLLER": "D",
        "LIMITS": "on",
        "STRIPE_SECRET_KEY": "",
    }
    app = create_app({**BASE, "UNDERSIGNED_DATA": str(tmp_path), "SERVER_URL": "https://campaign.example", **names})
    assert LOOPBACK not in {kind(rule.endpoint) for rule in app.url_map.iter_rules()}


@time_machine.travel("2026-11-24T12:00:00Z", tick=False)  # the token in a form tells of the five minutes it was made in
def test_every_public_page_is_the_same_for_all_and_sets_no_cookie(site: Site) -> None:
    for endpoint, path in site.asked("GET", PUBLIC, TOKEN, LOOPBACK):
        alone = site.app.test_client().get(path)
        assert alone.status_code == (404 if endpoint in UNKNOWN else 200), path
        for headers in (
            {},
            {"Cookie": "office=forged; a=b"},
            {"Authorization": "Basic YTpi"},
            {"Accept-Language": "en", "DNT": "1"},
        ):
            answer = site.app.test_client(use_cookies=False).get(path, headers=headers)
            assert "Set-Cookie" not in answer.headers, path
            assert "Cookie" not in answer.headers.get("Vary", ""), path
            assert answer.data == alone.data, path


def test_reading_changes_no_row(site: Site) -> None:
    before = site.rows()
    for method in ("GET", "HEAD", "OPTIONS"):
        for _, path in site.asked(method, PUBLIC, TOKEN, DOOR, OFFICE, MACHINE, LOOPBACK):
            assert site.app.test_client().open(path, method=method).status_code < 500, path
    assert site.rows() == before


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_anonymous_are_sent_to_the_login_from_every_office_route(site: Site, method: str) -> None:
    before = site.rows()
    for endpoint, path in site.asked(method, OFFICE):
        answer = site.app.test_client().open(path, method=method, data=FIELDS.get(endpoint))
        assert answer.status_code == 302, path
        assert answer.headers["Location"].split("?")[0] == "/office/login", path
        assert answer.headers["Cache-Control"] == "no-store", path
    assert site.rows() == before


def test_an_unknown_office_path_tells_the_anonymous_nothing(site: Site) -> None:
    for path in ("/office/nothing", "/office/cases/999999", "/office/cases/x"):
        assert site.app.test_client().get(path).status_code in (302, 404)


def test_a_form_without_its_token_changes_no_row(site: Site) -> None:
    before = site.rows()
    for endpoint, path in site.asked("POST", PUBLIC, TOKEN, DOOR, MACHINE):
        for token in ({}, {"token": ""}, {"token": "1.x"}, {"csrf_token": "x"}):
            answer = site.app.test_client().post(path, data={**FIELDS.get(endpoint, {}), **token})
            assert 400 <= answer.status_code < 500, (path, answer.status_code)
    assert site.rows() == before


def test_an_organisers_form_without_its_token_changes_no_row(site: Site) -> None:
    office = enter(site.app)
    before = site.rows()
    for endpoint, path in site.asked("POST", OFFICE, DOOR):
        for token in ({}, {"csrf_token": ""}, {"csrf_token": "forged"}):
            answer = office.client.post(path, data={**FIELDS.get(endpoint, {}), **token})
            assert answer.status_code == 400, (path, answer.status_code)
    assert site.rows() == before
    assert office.client.get("/office/").status_code == 200


def test_another_sites_form_is_refused_everywhere_and_changes_no_row(site: Site) -> None:
    office = enter(site.app)
    form = {"csrf_token": office.token(), "token": public_token(site.app)}
    before = site.rows()
    for headers in (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ):
        for endpoint, path in site.asked("POST", PUBLIC, TOKEN, DOOR, OFFICE):
            answer = office.client.post(path, headers=headers, data={**FIELDS.get(endpoint, {}), **form})
            assert answer.status_code == 403, path
    assert site.rows() == before


def public_token(app: Flask) -> str:
    with app.test_request_context():
        return form_token()


def test_a_method_that_a_route_does_not_declare_does_nothing(site: Site) -> None:
    office = enter(site.app)
    before = site.rows()
    for rule in site.rules:
        path = site.path(rule)
        for method in WRITES:
            taken = {m for other in site.rules if site.path(other) == path for m in (other.methods or ())}
            if method not in taken:
                assert office.client.open(path, method=method).status_code == 405, (method, path)
    assert site.rows() == before
