"""The site's own page: its facts, the licence of its texts, and the checklist that really tries things before going live."""

import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update

from core import clock, remembered
from core.db import db
from core.site_signature import fingerprint, in_groups
from core.worker import Worker
from operations.key_checks import KEYS_MARKER
from organisers.accounts.models import CodeApp, OfficeSession
from organisers.models import Organiser
from organisers.site.models import SiteCheck
from tests.core.smtp import receiving
from tests.donations.conftest import Stand
from tests.donations.conftest import stand as stand
from tests.operations.test_backup import run
from tests.organisers.conftest import EMAIL, Office, enter

ROW = re.compile(
    r'<th scope="row">([^<]*)</th><td[^>]*><span class="chip[^"]*">([^<]*)</span></td><td[^>]*>([^<]*)</td>'
)
UNSEALED = {"key_id": "gone", "data_key_id": "gone", "blob": None}
AGE = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"


def look(office: Office) -> dict[str, tuple[str, str]]:
    """Presses the button and lets the worker come to it: what → state and sentence."""
    office.saved("/office/site/check")
    with office.app.app_context():
        worker: Worker = office.app.extensions["jobs"]
        worker.drain()
    return {what: (state, sentence) for what, state, sentence in ROW.findall(office.get("/office/site"))}


@contextmanager
def settled(app: Flask, **changed: object) -> Iterator[None]:
    before = app.config["UNDERSIGNED"]
    app.config["UNDERSIGNED"] = replace(before, **changed)
    try:
        yield
    finally:
        app.config["UNDERSIGNED"] = before


def test_the_page_shows_the_facts_and_which_setting_changes_each(office: Office) -> None:
    page, settings = office.get("/office/site"), office.app.config["UNDERSIGNED"]
    for text in (settings.organisation, settings.data_controller, settings.mail_from, str(settings.keystore)):
        assert text in page
    assert "DATA_CONTROLLER" in page and "It was never looked over." in page
    with office.app.app_context():
        key = office.app.extensions["vault"].keystore.site_public_key()
    marks = in_groups(fingerprint(b64decode(key)))
    assert marks in page and len(marks.split()) == 8


def test_a_licence_is_chosen_stands_at_the_foot_and_in_the_audit_chain(office: Office) -> None:
    assert "Licence of its texts" not in office.client.get("/").text
    office.saved("/office/site/licence", licence="cc-by")
    remembered.forget_all()
    foot = office.client.get("/petitions/").text.partition('<footer class="site-foot">')[2]
    assert 'href="https://creativecommons.org/licenses/by/4.0/" rel="license">CC BY 4.0</a>' in foot
    assert ("switch.turned", "licence") in office.acts()
    assert office.post("/office/site/licence", licence="mine").status_code == 422


def test_the_button_sends_a_mail_and_shows_what_the_server_said(office: Office) -> None:
    with receiving(office.app) as server:
        found = look(office)
        assert [mail["To"] for mail in server.inbox.mails()] == [EMAIL]
        assert found["Mail"][0] == "In order" and "“250 OK”" in found["Mail"][1]
        server.inbox.answers = ["554 5.7.1 We know no such sender"]
        refused = look(office)["Mail"]
        assert refused[0] == "Broken" and "“554 5.7.1 We know no such sender”" in refused[1]
        server.stop()
        assert look(office)["Mail"][0] == "Broken"


def test_a_new_site_on_this_machine_is_told_what_is_missing(office: Office) -> None:
    found = look(office)
    looked_at = {what for what, (state, _sentence) in found.items() if state == "Look at it"}
    wanting = {"Mail", "Address", "Privacy page", "Licence", "Second factor"}
    assert wanting <= looked_at
    assert found["Second factor"][1].startswith("1 owner has no second factor")
    for what in ("Worker", "Sealing", "Clock", "Vault keys", "Retention", "Audit chain"):
        assert found[what][0] == "In order", (what, found[what])
    assert "ORGANISATION, DATA_CONTROLLER, MAIL_REPLY_TO" in found["Privacy page"][1]
    assert ("site.checked", "site") in office.acts()


def test_what_is_set_right_is_in_order(office: Office) -> None:
    office.saved("/office/site/licence", licence="cc0")
    named = {"organisation": "Friends", "data_controller": "Friends, Main Street 1", "mail_reply_to": "us@example.org"}
    with office.app.app_context():
        owner = db.session.scalars(select(Organiser)).one()
        db.session.add(
            CodeApp(public_id="a", organiser_id=owner.id, name="phone", confirmed_at=clock.now(), **UNSEALED)
        )
        db.session.execute(update(OfficeSession).values(factor_at=clock.now()))
        db.session.commit()
    with settled(office.app, **named, server_url="https://campaign.example", limits=True):
        found = look(office)
    for what in ("Licence", "Privacy page", "Address", "Limits", "Second factor"):
        assert found[what][0] == "In order", (what, found[what])


def test_an_address_without_encryption_and_limits_that_are_off_are_broken(office: Office) -> None:
    with settled(office.app, server_url="http://campaign.example"):
        found = look(office)
    assert found["Address"][0] == "Broken" and found["Limits"][0] == "Broken"


def test_stripe_is_asked_whether_it_knows_this_site(stand: Stand) -> None:
    office = enter(stand.app)
    state, sentence = look(office)["Stripe"]
    assert state == "Broken" and "no endpoint" in sentence
    run(stand.app, "donations", "connect")
    state, sentence = look(office)["Stripe"]
    assert state == "Look at it" and "no event has arrived yet" in sentence
    with settled(stand.app, stripe_secret_key=None):
        assert look(office)["Stripe"] == (
            "Look at it", "Giving is off. Set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRETS if you want gifts.",
        )  # fmt: skip


def test_a_stripe_that_is_away_is_broken(office: Office) -> None:
    assert look(office)["Stripe"][0] == "Broken"


def test_a_key_that_was_made_since_the_keystore_was_copied_asks_for_a_new_copy(office: Office, tmp_path: Path) -> None:
    (office.app.config["UNDERSIGNED"].data / KEYS_MARKER).unlink(missing_ok=True)
    assert "None was ever made here" in look(office)["Backup of the keys"][1]
    assert run(office.app, "keys", "backup", "--to", AGE, str(tmp_path / "keys.age")).exit_code == 0
    assert look(office)["Backup of the keys"][0] == "In order"
    run(office.app, "keys", "rotate", "--site")
    assert "A key was made after the last" in look(office)["Backup of the keys"][1]
    (office.app.config["UNDERSIGNED"].data / KEYS_MARKER).unlink()


def test_while_the_worker_has_not_come_the_page_says_so(office: Office) -> None:
    office.saved("/office/site/check")
    assert "The worker has not come to it yet." in office.get("/office/site")
    with office.app.app_context():
        assert db.session.scalars(select(SiteCheck)).one().ended_at is None


@pytest.mark.parametrize("path", ["/office/site/check", "/office/site/licence"])
def test_without_its_token_nothing_is_done(office: Office, path: str) -> None:
    assert office.client.post(path, data={"licence": "cc0"}).status_code == 400
    assert office.acts() == []
