"""What shuts a thief out of an account: links that end with what they came from, a proof before a new password, and a mail
about each change of what lets in."""

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from core import clock
from core.db import db
from organisers.accounts import notices
from organisers.accounts.models import CodeApp, OfficeSession, Passkey
from tests.core.smtp import receiving
from tests.operations.conftest import Elsewhere
from tests.operations.conftest import elsewhere as elsewhere
from tests.operations.test_backup import run as run_backup
from tests.organisers.conftest import EMAIL, PASSWORD, Office, enter, link_path, log_in, make_organiser
from tests.organisers.test_colleagues import acts_on, id_of, mails, press
from tests.organisers.test_commands import run
from tests.organisers.test_doors import limited as limited
from tests.organisers.test_factors import FACTORS, add_phone
from tests.organisers.test_passkeys import Key, to_make

ADDRESS = "/office/account/address"
OTHER = "a sentence of somebody else"


def change_password(app: Flask, office: Office) -> None:
    office.saved("/office/account", current=PASSWORD, password=OTHER, again=OTHER)


def end_others(app: Flask, office: Office) -> None:
    office.saved("/office/account/sessions/end-others")


def end_one(app: Flask, office: Office) -> None:
    enter(app)
    with app.app_context():
        newest = db.session.scalars(select(OfficeSession.id).order_by(OfficeSession.id.desc())).first()
    office.saved(f"/office/account/sessions/{newest}/end")


def log_out(app: Flask, office: Office) -> None:
    office.saved("/office/logout")


def close_and_reopen(app: Flask, office: Office) -> None:
    owner = enter(app, "oleg@example.org")
    for act in ("close", "reopen"):
        owner.saved(f"/office/colleagues/{id_of(app, EMAIL)}/{act}")


def reset_factor(app: Flask, office: Office) -> None:
    assert run(app, "reset-factor", EMAIL).exit_code == 0


def password_by_command(app: Flask, office: Office) -> None:
    assert run(app, "create", EMAIL, "--password-stdin", given=f"{OTHER}\n").exit_code == 0


@pytest.mark.parametrize(
    "act",
    [change_password, end_others, end_one, log_out, close_and_reopen, reset_factor, password_by_command],
)
def test_what_shuts_a_thief_out_ends_the_links_that_wait(app: Flask, act: Callable[[Flask, Office], None]) -> None:
    make_organiser(app)
    office = enter(app)
    office.saved(ADDRESS, email="thief@example.org")
    address, login = mails(app, "thief@example.org")[0].path, link_path(app)
    act(app, office)
    for path in (address, login):
        assert app.test_client().get(path).status_code == 410, path
    assert id_of(app, EMAIL)


def test_a_new_address_ends_what_went_to_the_old_mailbox(app: Flask) -> None:
    make_organiser(app)
    office = enter(app)
    office.saved(ADDRESS, email="olga.new@example.org")
    login = link_path(app)
    assert press(app.test_client(), mails(app, "olga.new@example.org")[0].path).status_code == 303
    assert app.test_client().get(login).status_code == 410


def close_account(owner: Office, email: str) -> None:
    owner.saved(f"/office/colleagues/{id_of(owner.app, email)}/close")


def take_role(owner: Office, email: str) -> None:
    page = f"/office/colleagues/{id_of(owner.app, email)}"
    [path] = re.findall(rf'action="({page}/roles/\d+/take)"', owner.get(page))
    owner.saved(path)


@pytest.mark.parametrize("email", [EMAIL, "olga.new@example.org"])
@pytest.mark.parametrize("act", [close_account, take_role])
def test_who_is_shut_out_has_no_way_back_by_an_invitation_of_her_own(
    app: Flask, act: Callable[[Office, str], None], email: str
) -> None:
    owner, office = enter(app, "oleg@example.org"), enter(app)
    for number, who in enumerate((office, owner)):
        who.saved("/office/colleagues/invite", email=f"friend{number}@example.org", role="owner")
    if email != EMAIL:
        office.saved(ADDRESS, email=email)
        press(app.test_client(), mails(app, email)[0].path)
    hers, his = (mails(app, f"friend{number}@example.org")[0].path for number in range(2))
    assert app.test_client().get(hers).status_code == 200
    act(owner, email)
    assert app.test_client().get(hers).status_code == 410 and app.test_client().get(his).status_code == 200
    assert acts_on(app, "friend0@example.org") == ["organiser.invited", "organiser.invitation_revoked"]


def test_a_backup_brings_no_link_back(app: Flask, elsewhere: Elsewhere, tmp_path: Path) -> None:
    """Dropped after the backup was made, restored with it: none of them lets anybody in."""
    office = enter(app)
    office.saved("/office/colleagues/invite", email="nina@example.org", role="owner")
    office.saved(ADDRESS, email="thief@example.org")
    paths = [mails(app, "thief@example.org")[0].path, mails(app, "nina@example.org")[0].path, link_path(app)]
    file = tmp_path / "site.tar.gz"
    assert run_backup(app, "backup", str(file)).exit_code == 0
    other = elsewhere("sqlite")
    restored = run_backup(other, "restore", str(file))
    assert restored.exit_code == 0, restored.output
    assert [app.test_client().get(path).status_code for path in paths] == [200] * 3
    assert [other.test_client().get(path).status_code for path in paths] == [410] * 3
    assert "It has run out: send it again" in enter(other).get("/office/colleagues")


def test_with_a_factor_a_new_password_wants_it_anew(app: Flask) -> None:
    make_organiser(app)
    office = enter(app)
    add_phone(office)
    fields = {"current": PASSWORD, "password": OTHER, "again": OTHER}
    with time_machine.travel(clock.now() + timedelta(minutes=6)):
        page = office.get("/office/account")
        assert "asks for a fresh proof" in page and 'name="current"' not in page
        answer = office.post("/office/account", **fields)
        assert answer.headers["Location"].startswith("/office/login/proof?next=/office/account")
        assert log_in(app.test_client()).status_code == 303, "the password is the old one"
    office.saved("/office/account", **fields)
    assert log_in(app.test_client(), password=OTHER).status_code == 303


def test_without_a_factor_the_present_password_is_the_proof(app: Flask) -> None:
    make_organiser(app)
    office = enter(app)
    with time_machine.travel(clock.now() + timedelta(minutes=6)):
        office.saved("/office/account", current=PASSWORD, password=OTHER, again=OTHER)


def test_guessing_the_present_password_is_limited_for_the_account(app: Flask, limited: Flask) -> None:
    make_organiser(app)
    office = enter(app)
    tries = []
    for number in range(11):
        office.client.environ_base["REMOTE_ADDR"] = f"192.0.{number}.7"
        fields = {"current": f"wrong sentence {number}", "password": OTHER, "again": OTHER}
        tries.append(office.post("/office/account", **fields).status_code)
    assert tries == [422] * 10 + [429]
    assert office.post("/office/account", current=PASSWORD, password=OTHER, again=OTHER).status_code == 429


def test_asking_for_another_address_is_limited_for_the_account(app: Flask, limited: Flask) -> None:
    office, answers = enter(app), []
    for number in range(11):
        office.client.environ_base["REMOTE_ADDR"] = f"192.0.{number}.7"
        answers.append(office.post(ADDRESS, email=f"new{number}@example.org"))
    assert [answer.status_code for answer in answers] == [303] * 10 + [429]
    assert "Wait a quarter of an hour" in answers[-1].text and "new10@example.org" in answers[-1].text
    assert mails(app, "new10@example.org") == []


def add_key(office: Office) -> None:
    answer = office.post(f"{FACTORS}/passkey", name="my key", answer=Key().made(to_make(office)["challenge"]))
    assert answer.status_code in (200, 303)


def remove(office: Office, kind: str, table: Any) -> None:
    with office.app.app_context():
        factor = db.session.scalars(select(table.id)).one()
    office.saved(f"{FACTORS}/{kind}/{factor}/remove")


def test_each_change_of_what_lets_in_is_mailed_to_the_account(app: Flask) -> None:
    """Over a real SMTP server: what, when, what to do; and no link that would let in whoever reads the mail."""
    make_organiser(app)
    with receiving(app) as server, time_machine.travel("2026-11-24T12:00:01Z", tick=False):
        office = enter(app)
        acts = {
            "An app that makes codes was added": lambda: add_phone(office),
            "A passkey was added": lambda: add_key(office),
            "An app that makes codes was removed": lambda: remove(office, "app", CodeApp),
            "New recovery codes were made": lambda: office.post(f"{FACTORS}/recovery-codes"),
            "A new password was set": lambda: change_password(app, office),
            "taken the second factors off": lambda: reset_factor(app, office),
            "A new password was set ": lambda: password_by_command(app, office),
        }
        for sentence, act in acts.items():
            act()
            with app.app_context():
                app.extensions["jobs"].drain()
            [mail] = server.inbox.mails()
            text = mail.get_content()
            assert sentence.strip() in re.sub(r"\s+", " ", text), sentence
            assert (mail["To"], mail["Subject"]) == (EMAIL, "Your account: something was changed")
            assert "2026-11-24 12:00 UTC" in text and "If it was not you" in text and "/office/login" not in text
            server.inbox.received.clear()


def test_a_removed_passkey_is_mailed_and_a_renamed_one_is_not(app: Flask, office: Office) -> None:
    add_key(office)
    add_phone(office)
    with app.app_context():
        key = db.session.scalars(select(Passkey.id)).one()
    office.saved(f"{FACTORS}/passkey/{key}/name", name="the old one")
    remove(office, "passkey", Passkey)
    told = [mail.text for mail in mails(app, EMAIL)]
    assert len(told) == 3 and sum("A passkey was removed" in text for text in told) == 1


def test_one_passkey_offered_twice_at_once_is_kept_once(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second comes just when the first is written and not committed."""
    key, two = Key(), [enter(app, f"{name}@example.org") for name in ("ana", "ben")]
    fields = [{"csrf_token": each.token(), "name": "k", "answer": key.made(to_make(each)["challenge"])} for each in two]
    answers: dict[int, int] = {}
    started: list[threading.Thread] = []
    tell = notices.tell

    def add(number: int) -> None:
        answers[number] = two[number].client.post(f"{FACTORS}/passkey", data=fields[number]).status_code

    def call(*given: Any) -> None:
        if not started:
            started.append(threading.Thread(target=add, args=(1,)))
            started[0].start()
            started[0].join(timeout=1)
        tell(*given)

    monkeypatch.setattr(notices, "tell", call)
    add(0)
    started[0].join()
    assert answers == {0: 200, 1: 422}
    with app.app_context():
        assert len(db.session.scalars(select(Passkey.id)).all()) == 1
