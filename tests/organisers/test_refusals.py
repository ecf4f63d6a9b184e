"""Refusals that help: a form that came too late loses nothing, and each refusal says what to do."""

import re
from html import unescape

from flask import Flask
from sqlalchemy import select

from cases.models import Case
from core.db import db
from tests.organisers.conftest import CSRF, Office, enter
from tests.petitions.conftest import make_campaign

OWN = {"Sec-Fetch-Site": "same-origin"}
STORY = 'Two lines,\nand a "quote" <b>of theirs</b>.'
CASE = {"slug": "new", "title": "New", "country": "KZ", "status": "draft", "story": STORY}
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', re.DOTALL)


def kept(page: str) -> dict[str, str]:
    """The fields of the form that would be sent again."""
    form = page.split('<form method="post" action="/office/cases/new">')[1].split("</form>")[0]
    return {name: unescape(value) for name, value in HIDDEN.findall(form)}


def stories(app: Flask) -> list[str]:
    with app.app_context():
        return list(db.session.scalars(select(Case.story).order_by(Case.id)))


def test_who_was_logged_out_meanwhile_loses_nothing_that_was_typed(app: Flask) -> None:
    browser = enter(app)
    token = browser.token()
    browser.client.delete_cookie("office", path="/office")
    answer = browser.client.post("/office/cases/new", data={**CASE, "csrf_token": token}, headers=OWN)
    assert answer.status_code == 403
    assert "You have been logged out" in answer.text and "Nothing that you typed" not in answer.text
    assert 'href="/office/login" target="_blank"' in answer.text
    again = kept(answer.text)
    assert {name: again[name] for name in CASE} == CASE
    assert stories(app) == []
    inside = enter(app)  # in another tab
    answer = inside.client.post("/office/cases/new", data=again, headers=OWN)
    assert answer.status_code == 400 and "Nothing that you typed is lost" in answer.text
    answer = inside.client.post("/office/cases/new", data=kept(answer.text), headers=OWN)
    assert answer.status_code == 303
    assert stories(app) == [STORY]


def test_another_site_s_form_is_never_offered_again(app: Flask, office: Office) -> None:
    for headers in ({}, {"Sec-Fetch-Site": "cross-site"}):
        answer = office.client.post("/office/cases/new", data=CASE, headers=headers)
        assert answer.status_code in (400, 403)
        assert 'action="/office/cases/new"' not in answer.text
    assert app.test_client().post("/office/cases/new", data=CASE).status_code == 302


def test_a_password_never_comes_back_in_a_page(app: Flask, office: Office) -> None:
    secret = "a long sentence of nobody else"
    answer = office.client.post("/office/account", data={"password": secret, "again": secret}, headers=OWN)
    assert answer.status_code == 400
    assert secret not in answer.text and "give it again" in answer.text
    answer = app.test_client().post("/office/account", data={"password": secret, "again": secret}, headers=OWN)
    assert answer.status_code == 302


def test_what_is_not_there_says_where_to_go(office: Office) -> None:
    answer = office.client.get("/office/cases/999")
    assert answer.status_code == 404
    assert "It may have been removed meanwhile" in answer.text and 'href="/office/"' in answer.text


def test_a_fault_says_what_to_tell_whom(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    with app.app_context():  # a time zone that no form would take: the page cannot be made
        db.session.execute(db.text("UPDATE petitions SET time_zone = 'Mars/Olympus'"))
        db.session.commit()
    answer = office.client.get(f"/office/petitions/{campaign.id}")
    assert answer.status_code == 500
    assert re.search(r"tell the person who runs the site that it was at \d\d:\d\d UTC", answer.text)
    assert CSRF.search(answer.text), "the office's own frame"
