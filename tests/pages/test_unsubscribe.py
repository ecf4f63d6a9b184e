"""Never write to me again: one press by a person or a mail program, from anywhere, and undone by one more."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from core import unsubscribes
from core.db import db
from core.tokens import form_token
from core.unsubscribes import Unsubscribe

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def link(app: Flask) -> str:
    with app.app_context():
        return f"/unsubscribe/{unsubscribes.token_of('ada@example.org')}"


def stopped(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(Unsubscribe)) or 0


@pytest.mark.parametrize("body", [ONE_CLICK, {"stop": "yes"}])
@pytest.mark.parametrize("headers", [{}, {"Origin": "https://mail.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_one_press_stops_the_mails(
    app: Flask, client: FlaskClient, link: str, body: dict[str, str], headers: dict[str, str]
) -> None:
    assert "<button" in client.get(link).text and stopped(app) == 0
    for _ in range(2):
        answer = client.post(link, data=body, headers=headers)
        assert answer.status_code == 200 and "We will not write to you again" in answer.text
        assert "that signature will not count" in answer.text and "Set-Cookie" not in answer.headers
    assert stopped(app) == 1 and answer.headers["Cache-Control"] == "no-store"
    with app.app_context():
        assert unsubscribes.is_stopped(unsubscribes.token_of("ada@example.org"))
        assert not unsubscribes.is_stopped(unsubscribes.token_of("eve@example.org"))


def test_a_mail_program_may_send_its_word_as_a_multipart_form(app: Flask, client: FlaskClient, link: str) -> None:
    assert client.post(link, data=ONE_CLICK, content_type="multipart/form-data").status_code == 200
    assert stopped(app) == 1


def test_it_can_be_undone_on_the_page_and_only_there(app: Flask, client: FlaskClient, link: str) -> None:
    client.post(link, data=ONE_CLICK)
    assert "Write to me again" in client.get(link).text
    assert client.post(f"{link}/undo").status_code == 422
    with app.test_request_context():
        token = form_token()
    assert (
        client.post(f"{link}/undo", data={"token": token}, headers={"Origin": "https://evil.example"}).status_code
        == 403
    )
    assert stopped(app) == 1
    for _ in range(2):
        assert client.post(f"{link}/undo", data={"token": token}).status_code == 303
    assert stopped(app) == 0 and "Press the button, and this site sends no mail" in client.get(link).text


def test_an_empty_press_does_nothing_and_shows_the_button(app: Flask, client: FlaskClient, link: str) -> None:
    for body in ({}, {"List-Unsubscribe": "no"}, {"stop": ""}):
        answer = client.post(link, data=body)
        assert answer.status_code == 422 and "<button" in answer.text
    assert client.open(link, method="HEAD").status_code == 200 and stopped(app) == 0


def test_a_link_that_lost_its_end_does_not_look_as_if_it_had_worked(app: Flask, client: FlaskClient, link: str) -> None:
    for damaged in (link[:-1], link + "x", link[:-1] + "=", link[:-1] + "é"):
        assert client.get(damaged).status_code == 404
        assert client.post(damaged, data=ONE_CLICK).status_code == 404
    assert stopped(app) == 0


def test_one_mailbox_is_one_however_it_is_spelt(app: Flask) -> None:
    with app.app_context():
        own = unsubscribes.token_of("ada@bücher.example")
        for spelt in (
            " Ada@Bücher.example ",
            "ada+news@bücher.example",
            "ada@xn--bcher-kva.example",
            "ａda@bücher.example",
        ):
            assert unsubscribes.token_of(spelt) == own
        for other in ("a.da@bücher.example", "ada@bucher.example", "+ada@bücher.example"):
            assert unsubscribes.token_of(other) != own
        assert unsubscribes.token_of("no address") != unsubscribes.token_of("x@" + "é" * 70)  # and neither raises
