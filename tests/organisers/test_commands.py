"""`flask organiser create`, and the alarm's mail."""

import json
import re

import pytest
from flask import Flask
from sqlalchemy import func, select

from core import alarms
from core.db import db
from core.vault import SITE, vault
from organisers import services
from organisers.accounts import colleagues
from organisers.accounts.models import OfficeRole
from organisers.models import Organiser
from tests.factories import make_petition
from tests.organisers.conftest import CSRF, enter, log_in

LINK = re.compile(r"Login: http://localhost(/office/login/link/[\w-]{43})$", re.MULTILINE)


def run(app: Flask, *args: str, given: str | None = None):  # type: ignore[no-untyped-def]
    return app.test_cli_runner().invoke(args=["organiser", *args], input=given)


def test_create_prints_a_link_that_lets_in_once_and_another_when_asked_again(app: Flask) -> None:
    links = []
    for _ in range(2):
        done = run(app, "create", "Olga@Example.org")
        assert done.exit_code == 0 and "Organiser: olga@example.org" in done.output
        links.append(LINK.search(done.output)[1])  # type: ignore[index]
    assert links[0] != links[1]
    for link in links:
        browser = app.test_client()
        token = CSRF.search(browser.get(link).text)[1]  # type: ignore[index]
        assert browser.post(link, data={"csrf_token": token}).status_code == 303
        assert browser.get("/office/").status_code == 200
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Organiser)) == 1


def test_create_for_programs(app: Flask) -> None:
    told = json.loads(run(app, "create", "olga@example.org", "--json").output)
    assert told["email"] == "olga@example.org" and "/office/login/link/" in told["login"]


def test_a_password_from_standard_input_lets_in_and_ends_other_sessions(app: Flask) -> None:
    inside = enter(app)
    done = run(app, "create", "olga@example.org", "--password-stdin", given="four plain words here\n")
    assert done.exit_code == 0 and "/link/" not in done.output
    assert log_in(app.test_client(), password="four plain words here").status_code == 303
    assert inside.client.get("/office/").status_code == 302


@pytest.mark.parametrize(
    ("args", "given", "sentence"),
    [
        (["create", "nobody"], None, "like name@example.org"),
        (["create"], None, "Missing argument"),
        (["create", "olga@example.org", "--password-stdin"], "short\n", "at least 12 characters"),
        (["create", "olga@example.org", "--password-stdin"], "", "at least 12 characters"),
    ],
)
def test_wrong_use_is_told_and_makes_nobody(app: Flask, args: list[str], given: str | None, sentence: str) -> None:
    done = run(app, *args, given=given)
    assert done.exit_code == 2 and sentence in done.output
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Organiser)) == 0


@pytest.mark.parametrize(
    "kind",
    [
        "payment-quarantined",
        "payment-unmatched",
        "stripe-livemode",
        "tally-drift",
        "job-dead",
        "gift-for-closed-case",
        "new",
    ],
)
def test_an_alarm_goes_once_to_every_owner_with_an_open_account(app: Flask, kind: str) -> None:
    for email in ("olga@example.org", "oleg@example.org", "gone@example.org"):
        run(app, "create", email)
    with app.app_context():
        db.session.execute(db.update(Organiser).where(Organiser.email == "gone@example.org").values(active=False))
        for _ in range(2):
            alarms.sound(kind, "this-one", petition=7)
        db.session.commit()
        app.extensions["jobs"].drain()
    mails = [path.read_text() for path in app.config["UNDERSIGNED"].mail_folder.glob("*.eml")]
    assert sorted(re.search(r"^To: (.*)$", mail, re.M)[1] for mail in mails) == ["oleg@example.org", "olga@example.org"]  # type: ignore[index]
    for mail in mails:
        assert "Subject: A note from your site" in mail and kind in mail and "petition: 7" in mail
        assert "/office/" in mail and "{{" not in mail


@pytest.mark.parametrize(
    ("kind", "detail", "told"),
    [
        ("dispute", {}, {"owner", "treasurer"}),
        ("books-differ", {}, {"owner", "treasurer"}),
        ("signal", {"petition": "ours"}, {"owner", "moderator", "organiser"}),
        ("invitation-waits", {"petition": "theirs"}, {"owner", "organiser"}),
        ("job-dead", {}, {"owner"}),
    ],
)
def test_an_alarm_goes_to_those_whom_it_is_for(app: Flask, kind: str, detail: dict[str, str], told: set[str]) -> None:
    with app.app_context():
        ours, theirs = (make_petition(slug=slug) for slug in ("ours", "theirs"))
        both = [ours.case_id, theirs.case_id]
        cases = {OfficeRole.MODERATOR: [ours.case_id], OfficeRole.VIEWER: both}
        vault().prepare(SITE)
        for role in OfficeRole:
            colleague = services.ensure_organiser(f"{role}@example.org")
            services.ensure_organiser("owner@example.org")
            colleagues.give_role(colleague, role, cases.get(role, []), actor="cli")
        alarms.sound(kind, "this-one", **detail)
        db.session.commit()
        app.extensions["jobs"].drain()
    mails = [path.read_text() for path in app.config["UNDERSIGNED"].mail_folder.glob("*.eml")]
    assert {re.search(r"^To: (.*)@", mail, re.M)[1] for mail in mails} == told  # type: ignore[index]
    assert len(mails) == len(told)
