"""What was typed outlives a proof that was due and a session that ran out: given back to who typed it, never sent by itself."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse
from wtforms import PasswordField

from cases.models import Case
from core.db import db
from core.vault import SITE, vault
from organisers import refusals, services
from organisers.accounts import colleagues, kept_forms
from organisers.accounts.models import KeptForm, OfficeInvitation
from organisers.fields import OfficeForm
from petitions.updates.models import Update
from tests.conftest import files_with
from tests.factories import make_case
from tests.organisers.conftest import EMAIL, PASSWORD, Office, enter, link_path, log_in, make_organiser
from tests.organisers.test_colleagues import press
from tests.organisers.test_factors import PROOF, Phone, add_phone, prove
from tests.organisers.test_sessions import is_in
from tests.organisers.test_updates import FIELDS
from tests.petitions.conftest import make_campaign
from tests.updates.conftest import News
from tests.updates.conftest import news as news

OWN = {"Sec-Fetch-Site": "same-origin"}
STORY = "\n\n".join(f"Paragraph {number} of “hers” <b>& mine</b>." for number in range(450))
NEW_CASE = {"slug": "new", "title": "A new one", "country": "KZ", "status": "draft", "story": STORY}
KEPT = re.compile(r"/office/kept/[\w-]{22}")
LATER, IDLE = timedelta(minutes=6), timedelta(minutes=31)
INVITE = "/office/colleagues/invite"


@pytest.fixture(autouse=True)
def frozen() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2026-11-24T12:00:01Z", tick=False) as traveller:
        yield traveller


@pytest.fixture
def phone(office: Office) -> Phone:
    return add_phone(office)


def rows(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(KeptForm)) or 0


def stories(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(Case.story).order_by(Case.id)))


class Form(HTMLParser):
    """What a browser would send of the first form in a page's main part."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self._select = self._text = ""
        self.feed(page.split("<main")[1].split("</main>")[0].split('method="post"')[1].split("</form>")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "input" and (given.get("type") not in ("radio", "checkbox") or "checked" in given):
            self.fields.setdefault(given["name"], []).append(given.get("value", ""))
        elif tag == "select":
            self._select = given["name"]
        elif tag == "option" and ("selected" in given or self._select not in self.fields):
            self.fields[self._select] = [given["value"]]
        elif tag == "textarea":
            self._text = given["name"]
            self.fields[self._text] = [""]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._text = ""

    def handle_data(self, data: str) -> None:
        if self._text:
            self.fields[self._text][0] += data


def typed_in(page: str) -> dict[str, list[str]]:
    """The fields of a page's form, as HTML reads them: a text begins after the line break that follows its tag."""
    fields = Form(page).fields
    return {
        name: [value.replace("\r\n", "\n").removeprefix("\n") for value in values] for name, values in fields.items()
    }


def back(client: FlaskClient, path: str) -> TestResponse:
    """The page to which what was kept leads."""
    page = client.get(path, follow_redirects=True)
    assert page.status_code == 200, page.text
    return page


def sent_again(client: FlaskClient, path: str) -> TestResponse:
    """Presses the button of the form that was given back."""
    page = back(client, path)
    return client.post(page.request.path, data=typed_in(page.text), headers=OWN)


def idle_out(office: Office, frozen: time_machine.Traveller, path: str, **fields: Any) -> TestResponse:
    token = office.token()
    frozen.shift(IDLE)
    return office.client.post(path, data={"csrf_token": token, **fields}, headers=OWN)


def log_in_there(client: FlaskClient, where: str, email: str = EMAIL) -> str:
    """Logs in on the page that the redirect led to; the kept form's path."""
    fields = typed_in(client.get(where).text)
    inside = client.post(where, data={**fields, "email": email, "password": PASSWORD})
    return inside.headers["Location"]


# --- a proof that was due


def test_a_form_that_meets_the_proof_comes_back_filled_and_is_done_by_one_press(
    app: Flask, office: Office, phone: Phone, frozen: time_machine.Traveller
) -> None:
    office.get(INVITE)
    frozen.shift(LATER)
    answer = office.post(INVITE, email="nina@example.org", role="moderator")
    where = answer.headers["Location"]
    [path] = KEPT.findall(where)
    assert where == f"{PROOF}?next={path}&again=1"
    assert "what you typed is kept" in office.get(where)
    assert prove(office, "000000", path).status_code == 422
    proven = prove(office, phone.code(), path)
    assert proven.headers["Location"] == path
    page = office.client.get(path, follow_redirects=True)
    assert page.request.path == INVITE
    assert 'value="nina@example.org"' in page.text and re.search(r'checked[^>]*value="moderator"', page.text)
    with app.app_context():
        assert db.session.scalars(select(OfficeInvitation)).all() == [], "nothing is done without a press"
    office.saved(INVITE, email="nina@example.org", role="moderator")
    assert rows(app) == 0, "once it is done it is kept no longer"
    assert office.client.get(path).status_code == 404


def test_an_act_without_a_page_of_its_own_comes_back_with_its_button(
    app: Flask, office: Office, phone: Phone, frozen: time_machine.Traveller
) -> None:
    campaign = make_campaign(app)
    page = office.saved(f"/office/petitions/{campaign.id}/invalidations/new", country="IE")
    frozen.shift(LATER)
    data = {"csrf_token": office.token(), "reason": "Made by a machine."}
    answer = office.client.post(f"{page}/start", data=data, headers={"Referer": f"http://localhost{page}"})
    [path] = KEPT.findall(answer.headers["Location"])
    assert prove(office, phone.code(), path).status_code == 303
    shown = office.get(path)
    assert f'href="{page}"' in shown and f'action="{page}/start"' in shown and "Nothing has been done yet" in shown
    assert typed_in(shown)["reason"] == ["Made by a machine."]
    assert "invalidation.started" not in dict(office.acts())
    office.saved(f"{page}/start", reason="Made by a machine.")
    assert "invalidation.started" in dict(office.acts())


def test_what_waits_for_a_proof_is_for_this_session_only(
    app: Flask, office: Office, phone: Phone, frozen: time_machine.Traveller
) -> None:
    other, thief = enter(app, "oleg@example.org"), enter(app)
    frozen.shift(timedelta(seconds=30))
    prove(thief, phone.code())
    frozen.shift(LATER)
    [path] = KEPT.findall(office.post(INVITE, email="nina@example.org", role="owner").headers["Location"])
    assert other.client.get(path).status_code == 404
    prove(thief, phone.code())
    assert is_in(thief.client) and thief.client.get(path).status_code == 404
    assert "nina@example.org" not in thief.get(f"{INVITE}?kept={path.rpartition('/')[2]}")
    assert thief.post(f"{path}/drop").status_code == 303 and rows(app) == 1
    frozen.shift(timedelta(seconds=30))
    prove(office, phone.code())
    office.saved(f"{path}/drop")
    assert rows(app) == 0 and office.client.get(path).status_code == 404


def test_neither_a_password_nor_a_code_nor_a_button_alone_is_kept(
    app: Flask, office: Office, phone: Phone, frozen: time_machine.Traveller
) -> None:
    frozen.shift(LATER)
    secret = "a sentence of nobody else"
    for path, fields in (
        ("/office/account", {"current": PASSWORD, "password": secret, "again": secret}),
        ("/office/account/factors/recovery-codes", {}),
        ("/office/account/factors/app/1/first-code", {"code": "123456"}),
        ("/office/account/factors/passkey", {"name": "k", "answer": "{}"}),
    ):
        assert office.post(path, **fields).headers["Location"].startswith(PROOF)
        assert rows(app) == 0, path
    page = {"Referer": "http://localhost/office/account/factors"}
    answer = office.client.post(
        "/office/account/factors/recovery-codes", data={"csrf_token": office.token()}, headers=page
    )
    assert answer.headers["Location"] == f"{PROOF}?next=/office/account/factors&again=1"
    assert "press the button on the page before" in office.get(answer.headers["Location"])


def test_every_secret_field_of_the_office_is_known_to_be_one() -> None:
    from flask_wtf import FlaskForm

    def all_forms(of: type) -> Iterator[type]:
        for form in of.__subclasses__():
            yield form
            yield from all_forms(form)

    secret = {
        name for form in all_forms(FlaskForm) if form.__module__.startswith("organisers") for name in vars(form)
        if getattr(getattr(form, name), "field_class", None) is PasswordField or name == "code"
    }  # fmt: skip
    assert secret == {"password", "again", "current", "code"}
    assert secret <= set(refusals.NOT_KEPT) and OfficeForm in set(all_forms(FlaskForm))


# --- a session that ran out


def test_a_long_story_is_there_again_after_logging_in(app: Flask, frozen: time_machine.Traveller) -> None:
    make_organiser(app)
    office = enter(app)
    answer = idle_out(office, frozen, "/office/cases/new", **NEW_CASE)
    where = answer.headers["Location"]
    assert answer.status_code == 303 and where.startswith("/office/login?next=/office/kept/")
    assert "nothing that you typed is lost" in office.client.get(where).text
    with app.app_context():
        assert STORY.encode() not in (db.session.scalars(select(KeptForm.blob)).one() or b"")
    if app.config["UNDERSIGNED"].database_url.startswith("sqlite"):
        assert files_with("Paragraph 449 of", app.config["UNDERSIGNED"].data) == []
    path = log_in_there(office.client, where)
    assert KEPT.fullmatch(path)
    page = back(office.client, path)
    assert page.request.path == "/office/cases/new" and page.headers["Cache-Control"] == "no-store"
    shown = typed_in(page.text)
    assert {name: shown[name] for name in NEW_CASE} == {name: [value] for name, value in NEW_CASE.items()}
    assert stories(app) == []
    assert sent_again(office.client, path).status_code == 303
    assert stories(app) == [STORY] and rows(app) == 0


def test_a_changed_case_is_there_again_whatever_way_in(app: Flask, frozen: time_machine.Traveller) -> None:
    """By the login page without its address, by a mailed link, in another browser: the account is what counts."""
    make_organiser(app)
    office = enter(app)
    with app.app_context():
        case_id = make_case(title="Before").id
        db.session.commit()
    edit = f"/office/cases/{case_id}/edit"
    fields = {**typed_in(office.get(edit)), "title": "After hours of writing", "story": STORY}
    idle_out(office, frozen, edit, **fields)
    path = log_in(app.test_client()).headers["Location"]
    assert KEPT.fullmatch(path)
    link = app.test_client()
    assert press(link, link_path(app)).headers["Location"] == path
    page = back(link, path)
    assert page.request.path == edit and typed_in(page.text)["title"] == ["After hours of writing"]
    with app.app_context():
        assert db.session.get_one(Case, case_id).title == "Before"
    assert sent_again(link, path).status_code == 303
    with app.app_context():
        assert db.session.get_one(Case, case_id).title == "After hours of writing"


def test_what_is_stored_does_not_take_the_place_of_what_was_typed(app: Flask, frozen: time_machine.Traveller) -> None:
    """Some fields are filled apart, from more than one column."""
    make_organiser(app)
    campaign, office = make_campaign(app), enter(app)
    edit = f"/office/petitions/{campaign.id}/edit"
    idle_out(office, frozen, edit, **{**typed_in(office.get(edit)), "sources": "stall radio"})
    path = log_in(office.client).headers["Location"]
    assert typed_in(back(office.client, path).text)["sources"] == ["stall radio"]


def test_an_update_is_there_again(app: Flask, office: Office, news: News, frozen: time_machine.Traveller) -> None:
    make_organiser(app)
    office = enter(app)
    new = f"/office/petitions/{news.campaign.id}/updates/new"
    idle_out(office, frozen, new, **{**FIELDS, "body": STORY[:5000]})
    path = log_in(office.client).headers["Location"]
    assert typed_in(back(office.client, path).text)["body"] == [STORY[:5000]]
    assert sent_again(office.client, path).status_code == 303
    with app.app_context():
        assert db.session.scalars(select(Update)).one().texts["en"]["body"] == STORY[:5000]


def test_a_sheet_of_paper_lines_is_there_again(app: Flask, frozen: time_machine.Traveller) -> None:
    """Its screen reads its fields itself."""
    make_organiser(app)
    campaign, office = make_campaign(app), enter(app)
    pile = f"/office/petitions/{campaign.id}/paper/new"
    lines = {"name-1": "Ada Example", "country-1": "IE", "name-2": "Ben Example", "country-2": "IE"}
    idle_out(office, frozen, pile, **{**typed_in(office.get(pile)), **lines, "label": "The stall"})
    path = log_in(office.client).headers["Location"]
    page = back(office.client, path)
    shown = typed_in(page.text)
    assert page.request.path == pile and {name: shown[name] for name in lines} == {
        name: [value] for name, value in lines.items()
    }
    assert sent_again(office.client, path).status_code == 303
    assert campaign.count() == 2


def test_what_a_page_has_no_field_for_is_shown_apart(app: Flask, frozen: time_machine.Traveller) -> None:
    """A page that has changed meanwhile drops nothing in silence."""
    make_organiser(app)
    office = enter(app)
    idle_out(office, frozen, "/office/cases/new", **NEW_CASE, nickname="written with care")
    page = back(office.client, log_in(office.client).headers["Location"])
    assert "What you had typed" in page.text and ">written with care<" in page.text
    assert typed_in(page.text)["story"] == [STORY] and 'action="/office/cases/new"' in page.text


def test_nobody_else_gets_it_and_nobody_after_an_hour(app: Flask, frozen: time_machine.Traveller) -> None:
    for email in (EMAIL, "oleg@example.org"):
        make_organiser(app, email)
    office = enter(app)
    where = idle_out(office, frozen, "/office/cases/new", **NEW_CASE).headers["Location"]
    path = log_in_there(office.client, where, "oleg@example.org")  # a colleague at the same browser
    assert office.client.get(path).status_code == 404
    page = office.get(f"/office/cases/new?kept={path.rpartition('/')[2]}")
    assert "no longer kept" in page and "Paragraph" not in page
    assert log_in(app.test_client(), "oleg@example.org").headers["Location"] == "/office/"
    assert office.post(f"{path}/drop").status_code == 303 and rows(app) == 1
    frozen.shift(timedelta(minutes=59))
    inside = app.test_client()
    assert log_in(inside).headers["Location"] == path and inside.get(path).status_code == 303
    frozen.shift(timedelta(minutes=1))
    assert inside.get(path).status_code == 404
    assert log_in(app.test_client()).headers["Location"] == "/office/"
    with app.app_context():
        assert kept_forms.drop_old() and not kept_forms.drop_old()
    assert rows(app) == 0


def ended_by_hand(app: Flask, office: Office, frozen: time_machine.Traveller) -> dict[str, str]:
    enter(app).saved("/office/account/sessions/end-others")
    return OWN


def closed(app: Flask, office: Office, frozen: time_machine.Traveller) -> dict[str, str]:
    with app.app_context():
        colleagues.close(services.ensure_organiser(EMAIL), actor="cli")
        db.session.commit()
    return OWN


def from_elsewhere(app: Flask, office: Office, frozen: time_machine.Traveller) -> dict[str, str]:
    return {}


def another_form_s_token(app: Flask, office: Office, frozen: time_machine.Traveller) -> dict[str, str]:
    with office.client.session_transaction(path="/office/") as cookie:
        cookie["csrf_token"] = "of another session"
    return OWN


@pytest.mark.parametrize("turn", [ended_by_hand, closed, from_elsewhere, another_form_s_token])
def test_what_a_thief_sends_is_laid_before_nobody(
    app: Flask, frozen: time_machine.Traveller, turn: Callable[..., dict[str, str]]
) -> None:
    """A cookie of a session that was ended, another site's form, a form of another session: none waits for the owner."""
    make_organiser(app)
    enter(app, "oleg@example.org")
    office = enter(app)
    token = office.token()
    headers = turn(app, office, frozen)
    frozen.shift(IDLE)
    office.client.post("/office/cases/new", data={**NEW_CASE, "csrf_token": token}, headers=headers)
    assert rows(app) == 0


def test_who_had_not_given_the_factor_leaves_nothing(
    app: Flask, office: Office, phone: Phone, frozen: time_machine.Traveller
) -> None:
    half = enter(app)
    token = half.token(PROOF)
    frozen.shift(IDLE)
    half.client.post("/office/cases/new", data={**NEW_CASE, "csrf_token": token}, headers=OWN)
    assert rows(app) == 0


def test_only_the_newest_are_kept_and_none_that_is_too_long(
    app: Flask, office: Office, phone: Phone, frozen: time_machine.Traveller
) -> None:
    frozen.shift(LATER)
    token = office.token()
    paths = []
    for number in range(7):
        data = {"csrf_token": token, "email": f"nina{number}@example.org", "role": "viewer"}
        paths += KEPT.findall(office.client.post(INVITE, data=data).headers["Location"])
    assert len(paths) == 7 and rows(app) == kept_forms.MOST
    prove(office, phone.code())
    assert [office.client.get(path).status_code for path in paths] == [404] * 2 + [303] * 5
    with app.app_context():
        vault().prepare(SITE)
        typed = kept_forms.Typed("/office/cases/new", "", [("story", "я" * (kept_forms.LARGEST // 2))])
        with pytest.raises(kept_forms.TooLarge):
            kept_forms.keep(typed, organiser_id=1, session_id=None)
