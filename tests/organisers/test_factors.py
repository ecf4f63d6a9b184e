"""Second factors: set up, asked for, used up, removed; and the proofs that some acts want anew."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from limits.storage import MemoryStorage
from passlib.totp import TOTP
from sqlalchemy import func, select, update

from core import clock
from core.audit import AuditEntry
from core.db import db
from core.limits import Limiter
from organisers.accounts.models import CodeApp, OfficeSession, RecoveryCode
from tests.conftest import files_with
from tests.organisers.conftest import EMAIL, Office, enter, log_in, make_organiser
from tests.organisers.delivery_desk import Desk
from tests.organisers.test_sessions import is_in, replay
from tests.petitions.conftest import make_campaign

FACTORS = "/office/account/factors"
PROOF = "/office/login/proof"
SECRET = re.compile(r'<code class="secret">([^<]+)</code>')
CODES = re.compile(r"<li><code>([a-z0-9-]+)</code>")


@dataclass
class Phone:
    """An authenticator app that has read the code, and the recovery codes that came with it."""

    secret: str
    recovery: list[str]

    def code(self, after: timedelta = timedelta(0)) -> str:
        return str(TOTP(self.secret).generate(time=clock.now() + after).token)


def add_phone(office: Office, name: str = "my phone") -> Phone:
    where = office.saved(f"{FACTORS}/app", name=name)
    found = SECRET.search(office.get(where))
    assert found
    secret = found[1].replace("-", "")
    answer = office.post(where, code=str(TOTP(secret).generate(time=clock.now()).token))
    assert answer.status_code in (200, 303), answer.text
    return Phone(secret, CODES.findall(answer.text))


def prove(office: Office, code: str, wanted: str = "", **fields: str):  # type: ignore[no-untyped-def]
    token = office.token(PROOF)
    return office.client.post(PROOF, data={"csrf_token": token, "code": code, "next": wanted, **fields})


@pytest.fixture(autouse=True)
def frozen() -> Iterator[time_machine.Traveller]:
    """A clock that stands at the beginning of a code's half minute, and goes where it is told."""
    with time_machine.travel("2026-11-24T12:00:01Z", tick=False) as traveller:
        yield traveller


@pytest.fixture
def phone(frozen: time_machine.Traveller, office: Office) -> Phone:
    made = add_phone(office)
    frozen.shift(timedelta(seconds=60))
    return made


def test_the_first_app_brings_ten_recovery_codes_once(app: Flask, office: Office, phone: Phone) -> None:
    assert len(set(phone.recovery)) == 10
    page = office.get(FACTORS)
    assert "my phone" in page and "10 codes left" in page and not CODES.search(page)
    add_phone(office, "another one")
    assert "10 codes left" in office.get(FACTORS)
    assert ("organiser.factor_added", EMAIL) in all_acts(app) and ("organiser.recovery_codes_made", EMAIL) in all_acts(
        app
    )


def all_acts(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        return [(act, subject) for act, subject in db.session.execute(select(AuditEntry.act, AuditEntry.subject))]


def test_the_secret_is_sealed_and_shown_only_until_the_app_is_confirmed(
    app: Flask, office: Office, phone: Phone
) -> None:
    with app.app_context():
        row = db.session.scalars(select(CodeApp)).one()
        assert phone.secret.encode() not in (row.blob or b"") and row.blob
    if app.config["UNDERSIGNED"].database_url.startswith("sqlite"):
        assert files_with(phone.secret, app.config["UNDERSIGNED"].data) == []
    assert office.client.get(f"{FACTORS}/app/{row.id}/first-code").status_code == 404


def test_an_app_without_its_first_code_counts_for_nothing(app: Flask, frozen: object, office: Office) -> None:
    where = office.saved(f"{FACTORS}/app", name="my phone")
    assert office.post(where, code="000000").status_code == 422
    again = enter(app)
    assert is_in(again.client) and "Yours" not in again.get(FACTORS)


def test_who_has_a_factor_reaches_nothing_before_it_is_given(
    app: Flask, phone: Phone, frozen: time_machine.Traveller
) -> None:
    make_organiser(app)
    browser = app.test_client()
    answer = log_in(browser, query="?next=/office/rates", next="/office/rates")
    assert answer.headers["Location"] == f"{PROOF}?next=/office/rates"
    office = Office(app, browser)
    for path in ("/office/", "/office/account", FACTORS, "/office/switches"):
        assert browser.get(path).headers["Location"].startswith(PROOF), path
    token = office.token(PROOF)
    assert browser.post("/office/switches", data={"csrf_token": token}).headers["Location"].startswith(PROOF)
    assert "Dashboard" not in browser.get(PROOF).text
    copy = replay(app, office)
    answer = prove(office, phone.code(), "/office/rates")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/office/rates")
    assert is_in(browser)
    assert not is_in(copy), "a cookie that was copied before the proof must not rise with it"


def test_a_login_link_is_no_way_around_the_factor(app: Flask, phone: Phone) -> None:
    other = enter(app)
    assert other.client.get("/office/").headers["Location"].startswith(PROOF)


def test_a_code_works_once_and_only_about_now(app: Flask, phone: Phone, frozen: time_machine.Traveller) -> None:
    first, second = enter(app), enter(app)
    code = phone.code()
    assert prove(first, code).status_code == 303
    assert prove(second, code).status_code == 422
    for away in (timedelta(minutes=-2), timedelta(minutes=2)):
        assert prove(second, phone.code(away)).status_code == 422
    assert prove(second, "000000").status_code == 422 and prove(second, "").status_code == 422
    frozen.shift(timedelta(seconds=30))
    spaced = phone.code()
    assert prove(second, f"{spaced[:3]} {spaced[3:]}").status_code == 303


def test_a_recovery_code_stands_in_once_and_the_last_ones_warn(app: Flask, phone: Phone) -> None:
    for number, code in enumerate(phone.recovery):
        office = enter(app)
        assert prove(office, code.upper() if number % 2 else code.replace("-", " ")).status_code == 303
        page = office.get("/office/")
        left = 9 - number
        assert f"{left} recovery code" in page
        assert ("Make new recovery codes now" in page) == (left <= 3)
    office = enter(app)
    assert prove(office, phone.recovery[0]).status_code == 422
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(RecoveryCode)) == 0


def test_new_recovery_codes_make_the_old_ones_worthless(app: Flask, office: Office, phone: Phone) -> None:
    answer = office.post(f"{FACTORS}/recovery-codes")
    fresh = CODES.findall(answer.text)
    assert len(fresh) == 10 and answer.headers["Cache-Control"] == "no-store"
    other = enter(app)
    assert prove(other, phone.recovery[0]).status_code == 422
    assert prove(other, fresh[0]).status_code == 303


def test_the_database_holds_no_recovery_code(app: Flask, phone: Phone) -> None:
    plain = [code.replace("-", "") for code in phone.recovery]
    with app.app_context():
        digests = set(db.session.scalars(select(RecoveryCode.digest)))
    assert len(digests) == 10 and not {code.encode() for code in plain} & digests


def test_the_last_factor_stays_and_another_may_go(app: Flask, office: Office, phone: Phone) -> None:
    with app.app_context():
        [first] = db.session.scalars(select(CodeApp.id)).all()
    office.saved(f"{FACTORS}/app/{first}/remove")
    assert "my phone" in office.get(FACTORS)
    add_phone(office, "another one")
    office.saved(f"{FACTORS}/app/{first}/name", name="the old phone")
    assert "the old phone" in office.get(FACTORS)
    office.saved(f"{FACTORS}/app/{first}/remove")
    page = office.get(FACTORS)
    assert "the old phone" not in page and "another one" in page


def test_anothers_factor_is_not_there(app: Flask, office: Office, phone: Phone) -> None:
    other = enter(app, "oleg@example.org")
    with app.app_context():
        [theirs] = db.session.scalars(select(CodeApp.id)).all()
    for act in ("name", "remove"):
        assert other.post(f"{FACTORS}/app/{theirs}/{act}", name="mine").status_code == 404


def test_an_old_session_without_the_factor_must_give_it(
    app: Flask, office: Office, frozen: time_machine.Traveller
) -> None:
    elsewhere = enter(app)
    add_phone(office)
    assert elsewhere.client.get("/office/").headers["Location"].startswith(PROOF)
    assert is_in(office.client)


def test_fetching_a_list_asks_for_a_fresh_code_and_says_that_nothing_was_done(
    app: Flask, office: Office, phone: Phone, frozen: time_machine.Traveller
) -> None:
    page, _found = Desk(office, make_campaign(app)).made()
    frozen.shift(timedelta(minutes=6))
    sent = {"data": {"csrf_token": office.token()}, "headers": {"Referer": f"http://localhost{page}"}}
    answer = office.client.post(f"{page}/fetch", **sent)  # type: ignore[arg-type]
    assert answer.status_code == 303
    where = answer.headers["Location"]
    assert where.startswith(f"{PROOF}?next={page}") and "Nothing has been done yet" in office.get(where)
    assert "delivery.fetched" not in dict(office.acts())
    assert prove(office, phone.code(), page).headers["Location"] == page
    assert office.client.post(f"{page}/fetch", **sent).status_code == 200  # type: ignore[arg-type]
    frozen.shift(timedelta(minutes=6))
    assert office.client.post(f"{page}/fetch", **sent).status_code == 303  # type: ignore[arg-type]


def test_without_a_factor_the_password_is_the_proof(app: Flask, frozen: time_machine.Traveller) -> None:
    make_organiser(app)
    office = Office(app, app.test_client())
    assert log_in(office.client).status_code == 303
    frozen.shift(timedelta(minutes=6))
    answer = office.post(f"{FACTORS}/app", name="my phone")
    assert answer.headers["Location"].startswith(PROOF)
    token = office.token(PROOF)
    wrong = office.client.post(PROOF, data={"csrf_token": token, "password": "wrong"})
    assert wrong.status_code == 422
    right = office.client.post(
        PROOF, data={"csrf_token": token, "password": "a long sentence of her own", "next": FACTORS}
    )
    assert right.headers["Location"] == FACTORS
    assert len(add_phone(office).recovery) == 10


def test_an_account_with_neither_is_told_to_enter_anew(
    app: Flask, office: Office, frozen: time_machine.Traveller
) -> None:
    with app.app_context():
        db.session.execute(
            update(OfficeSession).values(stepped_up_at=None, created_at=clock.now(), last_seen_at=clock.now())
        )
        db.session.commit()
    where = office.client.get(FACTORS).headers["Location"]
    assert "only a login link shows that it is you" in office.get(where)
    assert office.client.post(PROOF, data={"csrf_token": office.token(PROOF), "password": "x" * 12}).status_code == 422


def test_guessing_codes_is_limited_for_the_account(app: Flask, phone: Phone) -> None:
    before, app.extensions["limiter"] = app.extensions["limiter"], Limiter(MemoryStorage(), enabled=True)
    try:
        office = enter(app)
        tries = []
        for number in range(11):
            office.client.environ_base["REMOTE_ADDR"] = f"192.0.{number}.7"
            tries.append(prove(office, f"{number:06}").status_code)
        assert tries == [422] * 10 + [429]
        assert prove(office, phone.code()).status_code == 429
    finally:
        app.extensions["limiter"] = before
