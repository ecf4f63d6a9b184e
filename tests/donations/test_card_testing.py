"""Who tries stolen cards meets limits before Stripe is asked, then a proof of work; donors lose a minute at most."""

import base64
import json
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import altcha
import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from limits import parse
from werkzeug.test import TestResponse

from core import clock, remembered, switches
from core.db import db
from core.jobs import Job
from core.tor_exits import TorExits
from donations import services
from donations.guards import attack, attempts, waves
from donations.guards.models import DeclineWave
from donations.reversals import requests
from tests.donations.conftest import Stand, World, sibling
from tests.donations.events import completed, event, refund, send
from tests.donations.pages import chosen, fields, value_of

SCRIPT = "js/proof.js"
NO_ROOM = "we open only so many payment pages"
ONE_MORE_STEP = "One more step"


@pytest.fixture
def site(stand: Stand) -> Flask:
    """A site with its limits on; every page is rendered anew."""
    remembered.forget_all()
    return sibling(stand.app, STRIPE_API_BASE=stand.url, LIMITS="on", PAGE_CACHE="off")


def press(site: Flask, number: int, *, network: str = "", **changes: Any) -> TestResponse:
    """A donor of a network of their own gives an amount of their own."""
    client, origin = site.test_client(), {"REMOTE_ADDR": network or f"198.{18 + number // 200}.{number % 200}.7"}
    given = {"amount": str(10 + number), "email": f"donor{number}@example.org", **changes}
    return client.post("/donate", data=fields(client, **given), environ_base=origin)


def turn(site: Flask, **values: Any) -> None:
    with site.app_context():
        switches.turn(actor="olga@example.org", **values)
        db.session.commit()
        switches.forget()


def solve(client: FlaskClient, address: str = "/donations/challenge.json") -> str:
    """What the page's script sends: the solved challenge, as JSON in base64."""
    given = client.get(address).json
    made = altcha.ChallengeV1(
        given["algorithm"], given["challenge"], given["maxNumber"], given["salt"], given["signature"]
    )
    found = altcha.solve_challenge_v1(made, max_number=given["maxNumber"])
    assert found is not None
    proof = {key: given[key] for key in ("algorithm", "challenge", "salt", "signature")} | {"number": found.number}
    return base64.b64encode(json.dumps(proof).encode()).decode()


def later(**ago: float) -> Any:
    return time_machine.travel(datetime.now(UTC) + timedelta(**ago), tick=True)


def test_one_mailbox_opens_forty_pages_an_hour_however_it_is_written(site: Flask, world: World) -> None:
    spellings = ["ada@gmail.com", "a.d.a@gmail.com", "ADA+1@googlemail.com"]
    answers = [press(site, number, email=spellings[number % 3]) for number in range(41)]
    assert [answer.status_code for answer in answers] == [303] * 40 + [503]
    assert NO_ROOM in answers[-1].text and answers[-1].headers["Retry-After"] == "900"
    assert value_of(answers[-1].text, "amount") == "50", "what was typed is still there"
    assert [donation.session_state for donation in world.donations()] == ["open"] * 40, "Stripe was not asked"
    assert press(site, 52, email="bob@gmail.com").status_code == 303
    with later(hours=1, minutes=1):
        assert press(site, 53, email="ada@gmail.com").status_code == 303


def test_pressing_again_opens_no_other_page_and_is_not_counted(site: Flask) -> None:
    client = site.test_client()
    filled = fields(client)
    answers = [client.post("/donate", data={**filled, "altcha": f"proof {number}"}) for number in range(15)]
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["Location"] for answer in answers}) == 1
    assert client.post("/donate", data={**filled, "amount": "31"}).status_code == 303


def test_the_whole_site_opens_so_many_pages_and_says_the_same(site: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "SITE", parse("42 per 10 minutes"))
    full = press_until_mailbox_is_full(site)
    answers = [press(site, 60 + number) for number in range(3)]
    assert [answer.status_code for answer in answers] == [303, 303, 503]
    assert said(answers[-1]) == said(full), "nothing tells which limit it was"


def press_until_mailbox_is_full(site: Flask) -> TestResponse:
    return [press(site, number, email="ada@example.org") for number in range(41)][-1]


def said(answer: TestResponse) -> tuple[int, str, str]:
    alert = re.search(r'<div class="errors".*?</div>', answer.text, re.S)
    assert alert
    return answer.status_code, answer.headers["Retry-After"], alert[0]


def test_no_address_stands_in_what_is_counted(site: Flask) -> None:
    press(site, 1, email="ada.lovelace@example.org")
    kept = str(vars(site.extensions["limiter"].storage))
    assert "give-mailbox" in kept and "lovelace" not in kept and "example.org" not in kept


def test_the_limit_of_ones_own_network_is_told(site: Flask) -> None:
    answers = [press(site, number, network="203.0.113.9") for number in range(31)]
    assert [answer.status_code for answer in answers] == [303] * 30 + [429]
    assert "Too many tries from your network" in answers[-1].text
    assert "at most 30 payment pages an hour for one network" in answers[-1].text
    assert press(site, 40, network="203.0.113.9", name="").status_code == 429, "before anything else"


def test_a_full_network_gets_its_form_back_as_it_was_typed_and_hears_when_to_try_again(
    site: Flask, world: World
) -> None:
    # The key of a day is thrown away at midnight, and the count with it: so the test keeps within one day.
    start = datetime.now(UTC).replace(hour=12)
    with time_machine.travel(start, tick=False):
        for number in range(30):
            press(site, number, network="203.0.113.9")
    with time_machine.travel(start + timedelta(minutes=40), tick=False):
        filled = {
            "amount": "1 234,50",
            "currency": "CHF",
            "frequency": "yearly",
            "cover_fee": "y",
            "message": "Courage",
        }
        refused = press(site, 31, network="203.0.113.9", **filled)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) == pytest.approx(20 * 60, abs=2)
    assert re.search("Press the button again in (20|21) minutes, or write to us.", refused.text)
    assert (value_of(refused.text, "amount"), value_of(refused.text, "currency")) == ("1 234,50", "CHF")
    assert (value_of(refused.text, "name"), value_of(refused.text, "email")) == ("Dana Donor", "donor31@example.org")
    assert (chosen(refused.text, "frequency"), chosen(refused.text, "cover_fee")) == (["yearly"], ["y"])
    assert "Courage" in refused.text and len(world.donations()) == 30
    with time_machine.travel(start + timedelta(minutes=61), tick=False):
        assert press(site, 31, network="203.0.113.9", **filled).status_code == 303


def test_looking_at_the_sum_opens_no_payment_page_and_does_not_count_against_ones_network(
    site: Flask, world: World
) -> None:
    assert {press(site, number, network="203.0.113.9", look="yes").status_code for number in range(31)} == {200}
    assert world.donations() == []
    assert press(site, 1, network="203.0.113.9").status_code == 303


def test_a_form_with_errors_does_not_count_against_ones_network(site: Flask) -> None:
    assert {press(site, number, network="203.0.113.9", name="").status_code for number in range(31)} == {422}
    assert press(site, 1, network="203.0.113.9").status_code == 303


@pytest.fixture
def tor(site: Flask) -> Iterator[Flask]:
    """203.0.113.66 is an exit of Tor, which has given as often as one network may."""
    path = site.config["UNDERSIGNED"].data / "tor-exits.txt"
    path.write_text("203.0.113.66\n")
    site.extensions["limiter"].exits = TorExits(path)
    for _ in range(30):
        site.extensions["limiter"].within(attempts.NETWORK, attempts.ACT, "tor")
    yield site
    path.unlink()


def test_tor_is_never_refused_but_asked_for_a_proof(tor: Flask) -> None:
    answer = press(tor, 1, network="203.0.113.66")
    assert answer.status_code == 422 and ONE_MORE_STEP in answer.text and SCRIPT in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    assert press(tor, 1, network="203.0.113.66", altcha=solve(tor.test_client())).status_code == 303
    assert press(tor, 2).status_code == 303, "others notice nothing"


def test_without_javascript_a_minute_of_patience_is_the_proof(tor: Flask) -> None:
    client, origin = tor.test_client(), {"REMOTE_ADDR": "203.0.113.66"}
    filled = fields(client, amount="31")
    first = client.post("/donate", data=filled, environ_base=origin)
    ticket = value_of(first.text, "ticket")
    assert (first.status_code, value_of(first.text, "amount")) == (422, "31") and ticket
    again = client.post("/donate", data={**filled, "ticket": ticket}, environ_base=origin)
    assert (again.status_code, value_of(again.text, "ticket")) == (422, ticket), "the same minute goes on"
    wrong = client.post("/donate", data={**filled, "ticket": ticket, "email": "x"}, environ_base=origin)
    assert value_of(wrong.text, "ticket") == ticket, "a mistake in the form does not begin it anew"
    with later(seconds=61):
        assert client.post("/donate", data={**filled, "ticket": ticket}, environ_base=origin).status_code == 303
        other = {**filled, "ticket": ticket, "amount": "32"}
        spent = client.post("/donate", data=other, environ_base=origin)
        assert spent.status_code == 422 and value_of(spent.text, "ticket") != ticket


@pytest.mark.parametrize("ticket", ["x", "ü", "A" * 300, "\x00"])
def test_a_made_up_ticket_is_none(tor: Flask, ticket: str) -> None:
    assert press(tor, 1, network="203.0.113.66", ticket=ticket).status_code == 422


@time_machine.travel("2026-11-24T12:00:00Z", tick=False)  # the token in a form tells of the five minutes it was made in
def test_the_page_brings_the_puzzle_only_while_it_is_asked_for(site: Flask) -> None:
    client = site.test_client()
    assert SCRIPT not in client.get("/donate").text
    turn(site, giving_proof="on")
    answer = client.get("/donate")
    assert SCRIPT in answer.text and "/donations/challenge.json" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy and f"form-action 'self' {site.config['CHECKOUT_ORIGIN']}" in policy
    assert "s-maxage" in answer.headers["Cache-Control"] and "Set-Cookie" not in answer.headers
    assert answer.text == site.test_client().get("/donate").text
    assert client.get("/donations/challenge.json").headers["Cache-Control"] == "no-store"


def test_a_proof_is_good_for_one_gift(site: Flask, world: World) -> None:
    turn(site, giving_proof="on")
    assert press(site, 1).status_code == 422
    proof = solve(site.test_client())
    assert press(site, 1, altcha=proof).status_code == 303
    assert press(site, 2, altcha=proof).status_code == 422
    assert press(site, 3, altcha="nonsense").status_code == 422
    assert len(world.donations()) == 1


def test_a_double_click_with_one_proof_leads_to_one_page(site: Flask, world: World) -> None:
    turn(site, giving_proof="on")
    filled = {**fields(site.test_client()), "altcha": solve(site.test_client())}
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: site.test_client().post("/donate", data=filled), range(2)))
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len({answer.headers["Location"] for answer in answers}) == len(world.donations()) == 1


def test_with_limits_off_or_switched_off_nobody_is_asked(stand: Stand, site: Flask) -> None:
    turn(site, giving_proof="on")
    assert SCRIPT not in stand.app.test_client().get("/donate?past=cache").text
    wave(site)
    turn(site, giving_proof="off")
    remembered.forget_all()
    assert press(site, 1).status_code == 303


def wave(site: Flask, age: timedelta = timedelta(0)) -> None:
    with site.app_context():
        at = clock.now() - age
        db.session.add(DeclineWave(began_at=at, last_at=at, declined=30, paid=2))
        db.session.commit()
    remembered.forget_all()


def test_a_wave_of_declined_cards_asks_for_proofs_until_it_is_settled(site: Flask) -> None:
    wave(site)
    assert press(site, 1).status_code == 422
    with site.app_context():
        waves.settle(waves.unsettled()[0].id, actor="olga@example.org")
        db.session.commit()
    remembered.forget_all()
    assert press(site, 1).status_code == 303


def test_an_old_wave_asks_for_none(site: Flask) -> None:
    wave(site, timedelta(hours=2))
    assert press(site, 1).status_code == 303


def test_a_rush_of_payment_pages_asks_for_proofs(site: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attack, "RUSH_BEGINS", 5)
    for number in range(5):
        assert press(site, number).status_code == 303
    remembered.forget_all()
    assert press(site, 6).status_code == 422
    with later(minutes=6):
        remembered.forget_all()
        assert press(site, 6).status_code == 303


def declined(client: FlaskClient, number: int, **changes: Any) -> None:
    for at in range(number):
        intent = {"id": f"pi_declined{at}", "object": "payment_intent", "status": "requires_payment_method"}
        assert send(client, event("payment_intent.payment_failed", intent, **changes)).status_code == 200


def stands_in_the_office(app: Flask) -> list[tuple[int, int]]:
    with app.app_context():
        return [(one.declined, one.paid) for one in waves.unsettled()]


def test_declined_cards_are_counted_and_alarmed_once_a_wave(app: Flask, client: FlaskClient, world: World) -> None:
    declined(client, waves.FEWEST - 1)
    world.work()
    assert stands_in_the_office(app) == []
    body = event("payment_intent.payment_failed", {"id": "pi_last", "object": "payment_intent"})
    send(client, body)
    send(client, body)
    world.work()
    assert stands_in_the_office(app) == [(waves.FEWEST, 0)]
    declined(client, 5)
    world.work()
    assert stands_in_the_office(app) == [(waves.FEWEST + 5, 0)], "its worst moment, each event once"
    assert world.alarms() == ["card-testing"]
    with later(hours=3):
        world.work()
        declined(client, waves.FEWEST, created=int(time.time()))
        world.work()
        assert world.alarms() == ["card-testing"] * 2
    assert set(world.outcomes()) == {"applied"}


def test_a_busy_day_with_some_declined_cards_is_none(app: Flask, client: FlaskClient, world: World) -> None:
    for _ in range(waves.FEWEST + 1):
        assert send(client, completed(world.gift())).status_code == 200
    declined(client, waves.FEWEST)
    world.work()
    assert stands_in_the_office(app) == []


def test_a_card_that_was_declined_first_still_pays(app: Flask, client: FlaskClient, world: World) -> None:
    gift = world.gift()
    intent = {"id": f"pi_{gift.public_id}", "object": "payment_intent", "metadata": {"donation": gift.public_id}}
    for body in (completed(gift), event("payment_intent.payment_failed", intent)):
        assert send(client, body).status_code == 200
    assert world.raised(gift) == {"EUR": 2500}


def warning(intent: str | None, number: int = 1, **changes: Any) -> dict[str, Any]:
    subject = {
        "id": f"issfr_{number}", "object": "radar.early_fraud_warning", "actionable": True, "charge": f"ch_{number}",
        "fraud_type": "made_with_stolen_card", "livemode": False, "payment_intent": intent,
    }  # fmt: skip
    return event("radar.early_fraud_warning.created", {**subject, **changes})


def jobs(world: World, kind: str) -> int:
    with world.app.app_context():
        return db.session.query(Job).filter(Job.kind == kind).count()


def test_a_warning_of_fraud_is_kept_once_and_alarmed_once(client: FlaskClient, world: World) -> None:
    for body in (warning("pi_1"), warning("pi_1"), warning(None, 2), warning("pi_3", 3, fraud_type=None)):
        assert send(client, body).status_code == 200
    assert world.alarms() == ["fraud-warning"] * 3
    assert jobs(world, "donations.refund_fraud") == 0, "nobody switched it on"


@pytest.mark.parametrize("changes", [{"id": None}, {"id": "a\x00b"}, {"id": ["x"]}, {"payment_intent": {"id": 1}}])
def test_nonsense_in_a_warning_is_answered_200(client: FlaskClient, changes: dict[str, Any]) -> None:
    assert send(client, warning("pi_1", **changes)).status_code == 200


def test_a_payment_that_is_reported_as_fraud_is_asked_back_where_the_switch_says_so(
    app: Flask, client: FlaskClient, world: World
) -> None:
    turn(app, refund_fraud=True)
    remembered.forget_all()
    gift = world.gift()
    send(client, warning(f"pi_{gift.public_id}"))
    world.work()  # its payment is not known yet: tried again
    send(client, completed(gift))
    send(client, refund(gift, 500))
    send(client, warning(f"pi_{gift.public_id}"))
    assert jobs(world, "donations.refund_fraud") == 1
    with time_machine.travel(clock.now() + timedelta(minutes=10)):
        world.work()
    with app.app_context():
        payment = services.get_payment(f"pi_{gift.public_id}")
        assert [(one.amount, one.asked_by) for one in requests.requests_of(payment)] == [(2000, "worker")]
        assert requests.refundable(payment).minor == 0
