"""Proofs of work: asked for under attack, good once, never needed; Tor is never refused and never held for its number."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import altcha
import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select

from core import clock, remembered, switches
from core.db import db
from core.jobs import run_pending
from core.proofs import LIFE, SpentProof
from core.tor_exits import TorExits
from petitions.abuse import proofs
from petitions.abuse.models import Signal
from petitions.models import Submission
from petitions.states import HeldReason, SignalKind
from petitions.submission_services import TOR_CROWD
from petitions.views import SIGNINGS
from tests.petitions.conftest import Campaign
from tests.petitions.guarded import PUBLIC_DOMAINS, held, limits_on, people, sign_from

SCRIPT, VICTIM = "js/proof.js", "victim@example.org"


@pytest.fixture
def guarded(campaign: Campaign) -> Iterator[Campaign]:
    with limits_on(campaign.app):
        yield campaign


def turn(app: Flask, **values: Any) -> None:
    with app.app_context():
        switches.turn(actor="olga@example.org", **values)
        db.session.commit()
        switches.forget()


def page(campaign: Campaign) -> Any:
    remembered.forget_all()
    return campaign.client.get(f"/petitions/{campaign.slug}?past=cache")


def solve(campaign: Campaign, **changed: Any) -> str:
    """What the page's script sends: the solved challenge, as JSON in base64."""
    given = campaign.client.get(f"/petitions/{campaign.slug}/challenge.json").json
    made = altcha.ChallengeV1(
        given["algorithm"], given["challenge"], given["maxNumber"], given["salt"], given["signature"]
    )
    found = altcha.solve_challenge_v1(made, max_number=given["maxNumber"])
    assert found is not None
    proof = {key: given[key] for key in ("algorithm", "challenge", "salt", "signature")} | {"number": found.number}
    return base64.b64encode(json.dumps({**proof, **changed}).encode()).decode()


def bomb(campaign: Campaign, *networks: str) -> None:
    """Signs eight times with somebody else's address."""
    for at, (name, _first, _last) in enumerate(people(8)):
        assert sign_from(campaign, VICTIM, networks[at % len(networks)], name).status_code == 303
    campaign.work()


def signal(campaign: Campaign, *, age: timedelta = timedelta(0), settled: bool = False) -> None:
    with campaign.app.app_context():
        at = clock.now() - age
        db.session.add(
            Signal(
                petition_id=campaign.id, kind=SignalKind.DOMAIN_BURST, value="wave.example", cluster_id="c", first_at=at,
                last_at=at, submissions=9, expected=1.0, created_at=at, settled_at=at if settled else None,
            )
        )  # fmt: skip
        db.session.commit()


def test_the_page_runs_no_script_while_nothing_happens(guarded: Campaign) -> None:
    answer = page(guarded)
    assert SCRIPT not in answer.text and "script-src" not in answer.headers["Content-Security-Policy"]


def test_a_signal_that_nobody_settled_makes_the_page_ask_for_a_proof(guarded: Campaign) -> None:
    signal(guarded)
    answer = page(guarded)
    policy = answer.headers["Content-Security-Policy"]
    assert SCRIPT in answer.text and "script-src 'self'" in policy and "unsafe" not in policy
    assert "s-maxage" in answer.headers["Cache-Control"] and "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("given", [{"settled": True}, {"age": timedelta(hours=7)}])
def test_a_settled_or_an_old_signal_asks_for_none(guarded: Campaign, given: dict[str, Any]) -> None:
    signal(guarded, **given)
    assert SCRIPT not in page(guarded).text


def test_a_rush_asks_for_proofs_and_holds_nobody(guarded: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "RUSH_BEGINS", 20)
    for at, (name, first, last) in enumerate(people(20)):
        assert (
            sign_from(guarded, f"{first}.{last}{at}@{PUBLIC_DOMAINS[at % 6]}", f"192.0.{at}.1", name).status_code == 303
        )
    assert SCRIPT in page(guarded).text
    assert not held(guarded)


def test_the_switch_asks_for_proofs_always_or_never(guarded: Campaign) -> None:
    turn(guarded.app, proof="on")
    assert SCRIPT in page(guarded).text
    signal(guarded)
    turn(guarded.app, proof="off")
    assert SCRIPT not in page(guarded).text


def test_with_limits_off_nobody_is_asked_for_a_proof(campaign: Campaign) -> None:
    turn(campaign.app, proof="on")
    assert SCRIPT not in page(campaign).text


def test_a_challenge_is_never_kept_and_differs_each_time(campaign: Campaign) -> None:
    path = f"/petitions/{campaign.slug}/challenge.json"
    one, other = campaign.client.get(path), campaign.client.get(path)
    assert one.headers["Cache-Control"] == "no-store" and one.json["challenge"] != other.json["challenge"]


def test_who_brings_a_proof_gets_the_mail_at_once_and_who_brings_none_gets_it_later(guarded: Campaign) -> None:
    turn(guarded.app, proof="on")
    answers = [
        sign_from(guarded, "with@example.org", "192.0.2.1", altcha=solve(guarded)),
        sign_from(guarded, "without@example.org", "192.0.3.1"),
    ]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert all("your mail comes later" in guarded.client.get(answer.location).text for answer in answers)
    assert not held(guarded)
    assert [mail.to for mail in guarded.mails()] == ["with@example.org"]
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11), tick=True):
        guarded.work()
        [late] = guarded.mails("without@example.org")
        assert guarded.press(late.links["confirm"]).status_code == 303
    assert guarded.valid() == 1


def test_what_was_taken_back_while_it_waited_is_mailed_no_more(guarded: Campaign) -> None:
    turn(guarded.app, proof="on")
    sign_from(guarded, "ada@example.org", "192.0.3.1")
    guarded.work()
    with guarded.app.app_context():
        db.session.query(Submission).update({"blob": None, "email_index": None, "state": "expired"})
        db.session.commit()
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=11), tick=True):
        guarded.work()
    assert not guarded.mails()


@pytest.mark.parametrize("changed", [{"number": -1}, {"salt": "x"}, {"signature": "0" * 64}, {"algorithm": "none"}])
def test_a_wrong_proof_is_like_none(guarded: Campaign, changed: dict[str, Any]) -> None:
    turn(guarded.app, proof="on")
    assert sign_from(guarded, "ada@example.org", "192.0.2.1", altcha=solve(guarded, **changed)).status_code == 303
    assert [row.proved for row in guarded.submissions()] == [False]


@pytest.mark.parametrize(
    "sent",
    ["x", "e30=", "W10=", "MQ==", "bnVsbA==", "\x00", "ü" * 30, "[" * 1999, base64.b64encode(b'{"salt": 1}').decode()],
)
def test_nonsense_for_a_proof_is_like_none(guarded: Campaign, sent: str) -> None:
    assert sign_from(guarded, "ada@example.org", "192.0.2.1", altcha=sent).status_code == 303
    assert [row.proved for row in guarded.submissions()] == [False]


def test_a_proof_is_good_once(guarded: Campaign) -> None:
    proof = solve(guarded)
    for at in range(3):
        assert sign_from(guarded, f"ada{at}@example.org", "192.0.2.1", altcha=proof).status_code == 303
    assert [row.proved for row in guarded.submissions()] == [True, False, False]


def test_the_slower_path_writes_to_an_address_five_times_at_most(guarded: Campaign) -> None:
    turn(guarded.app, proof="on")
    bomb(guarded, *(f"192.0.{at}.1" for at in range(8)))
    assert guarded.mails() == []
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=31), tick=True):
        guarded.work()
    assert len(guarded.mails(VICTIM)) == 5
    assert [row.held_reason for row in guarded.submissions() if row.held_reason] == [HeldReason.MAIL_LIMIT] * 3


def test_a_proof_is_good_for_one_mail_whatever_address_it_goes_to(guarded: Campaign) -> None:
    turn(guarded.app, proof="on")
    token = sign_from(guarded, "slip@example.org", "192.0.2.1", altcha=solve(guarded)).location.partition("?t=")[2]
    change = f"/petitions/{guarded.slug}/thanks/address"
    token = guarded.press(change, t=token, email="first@example.org").location.partition("?t=")[2]
    with guarded.app.app_context():
        worker = guarded.app.extensions["jobs"]
        run_pending(worker.handlers)  # before any mail went
        worker.drain()
    assert [mail.to for mail in guarded.mails()] == ["first@example.org"]
    guarded.press(change, t=token, email="second@example.org")
    guarded.work()
    assert [row.proved for row in guarded.submissions()] == [True, True, False]
    assert guarded.mails("second@example.org") == [], "it goes the slower path"


def test_a_proof_is_good_for_its_petition_and_two_hours_only(guarded: Campaign) -> None:
    proof = solve(guarded)
    with guarded.app.app_context():
        assert not proofs.accepted(guarded.id + 1, proof)
    with (
        time_machine.travel(datetime.now(UTC) + LIFE + timedelta(minutes=1), tick=True),
        guarded.app.app_context(),
    ):
        assert not proofs.accepted(guarded.id, proof)
    with guarded.app.app_context():
        assert proofs.accepted(guarded.id, proof)


def test_used_proofs_are_forgotten_when_they_could_not_be_used_again(guarded: Campaign) -> None:
    sign_from(guarded, "ada@example.org", "192.0.2.1", altcha=solve(guarded))
    assert guarded.fresh(select(func.count()).select_from(SpentProof)) == 1
    with time_machine.travel(datetime.now(UTC) + LIFE + timedelta(minutes=1), tick=True):
        guarded.work()
    assert guarded.fresh(select(func.count()).select_from(SpentProof)) == 0


@pytest.fixture
def tor(guarded: Campaign) -> Iterator[Campaign]:
    """198.51.100.7 is an exit of Tor."""
    limiter, path = guarded.app.extensions["limiter"], guarded.app.config["UNDERSIGNED"].data / "tor-exits.txt"
    path.write_text("# exits\n198.51.100.7\nExitAddress 198.51.100.8 2026-01-01 00:00:00\n")
    limiter.exits = TorExits(path)
    yield guarded
    path.unlink(missing_ok=True)


def test_tors_exits_share_a_bucket_and_a_crowd_of_them_waits_but_is_never_held(tor: Campaign) -> None:
    for at, (name, first, last) in enumerate(people(TOR_CROWD + 5)):
        network = f"198.51.100.{7 + at % 2}"
        assert sign_from(tor, f"{first}.{last}@{PUBLIC_DOMAINS[at % 6]}", network, name).status_code == 303
    assert {row.bucket for row in tor.submissions()} == {"tor"}
    assert not held(tor)
    assert len(tor.mails()) < TOR_CROWD + 5
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=31), tick=True):
        tor.work()
        assert len(tor.mails()) == TOR_CROWD + 5
        bomb(tor, "198.51.100.7")
    with time_machine.travel(datetime.now(UTC) + timedelta(hours=3), tick=True):
        tor.work()
        assert len(tor.mails(VICTIM)) == 5, "its slower path keeps to the limit as well"


def test_tor_is_never_told_to_wait(tor: Campaign) -> None:
    limiter = tor.app.extensions["limiter"]
    while limiter.within(SIGNINGS, "sign", limiter.bucket("198.51.100.7")):
        pass
    assert sign_from(tor, "ada@example.org", "198.51.100.7").status_code == 303
    assert sign_from(tor, "ada@example.org", "198.51.100.9").status_code == 429
