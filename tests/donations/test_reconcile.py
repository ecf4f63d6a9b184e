"""`flask donations reconcile` against the sandbox: missing events, stuck sessions, and every movement of the balance."""

from datetime import timedelta
from typing import Any

import pytest
import requests
import time_machine
from flask import Flask
from sqlalchemy import delete, insert, select, update

from core import clock
from core.db import db
from core.jobs import Job
from core.money import Money
from donations.books import jobs
from donations.books.models import BalanceTransaction
from donations.models import Donation, Payment, SessionState
from donations.reversals import requests as requests_
from donations.reversals.models import Dispute, Refund
from organisers import services
from sandbox.checkout import expire_due
from tests.donations.between import gate_to
from tests.donations.conftest import Gift, Stand, World, sibling
from tests.donations.stripe_account import Account


@pytest.fixture
def account(stand: Stand) -> Account:
    return Account(stand)


def change(account: Account, statement: Any) -> None:
    with account.stand.app.app_context():
        db.session.execute(statement)
        db.session.commit()


def kinds(report: dict[str, Any]) -> list[str]:
    return [difference["kind"] for difference in report["differences"]]


def test_what_the_webhook_brought_agrees_to_the_cent(account: Account) -> None:
    whole, part, lost, won = (account.given(minor) for minor in (2500, 5000, 3000, 4000))
    account.refund(part, 1200)
    account.dispute(lost)
    account.drive("disputes", account.dispute(won), "win")
    account.given(500, "ISK"), account.given(700, "JPY"), account.given(5120, "KWD")
    account.stand.deliver()
    report = account.reconciled()
    assert report["differences"] == []
    eur = report["sums"]["EUR"]
    assert (eur["gross"], eur["refunds"], eur["disputes"]) == (14500, 1200, 3000)
    assert eur["gross"] - eur["fees"] - eur["refunds"] - eur["disputes"] == eur["net"]
    assert report["sums"]["ISK"]["gross"] == 50000 and account.stand.world.raised(whole) == {"EUR": 2500}


def test_four_days_without_a_webhook_are_made_up_for_and_twice_changes_nothing(account: Account) -> None:
    """Case 22."""
    gift = account.given(deliver=False)
    monthly = account.given(1000, frequency="monthly", deliver=False)
    account.refund(gift, 500)
    with time_machine.travel(clock.now() + timedelta(days=4)):
        first = account.reconciled()
        assert first["ok"] and first["events"]["applied"] > 3
        assert account.stand.world.raised(gift) == {"EUR": 2000}
        assert account.stand.world.raised(monthly) == {"EUR": 1000}
        before = account.stand.world.payments(), account.stand.world.outcomes()
        second = account.reconciled()
    assert second["ok"] and second["events"]["applied"] == 0
    assert (account.stand.world.payments(), account.stand.world.outcomes()) == before


def test_one_event_that_fails_stops_no_other(account: Account) -> None:
    """The id of a real event is broken in the sandbox's own file, as only a fault of ours or Stripe's could."""
    first, second = account.given(deliver=False), account.given(deliver=False)
    rewrite_event(account, first, "$.id", "evt ?")
    report = account.reconciled()
    assert sorted(kinds(report)) == ["event", "unknown-payment"]
    assert account.stand.world.raised(second) == {"EUR": 2500} and account.stand.world.raised(first) == {}


def test_events_that_stripe_lists_in_another_version_are_applied_in_ours(account: Account) -> None:
    """The list shows each event in the version that the account had then, whatever the endpoint's is."""
    once, monthly = account.given(deliver=False), account.given(1000, frequency="monthly", deliver=False)
    account.refund(once, 500)
    account.dispute(account.given(3000, deliver=False))
    list_in("2019-01-01", account)
    account.reconciled()
    world = account.stand.world
    assert world.raised(once) == {"EUR": 2000} and world.raised(monthly) == {"EUR": 1000}
    assert "quarantined" not in world.outcomes() and "payment-quarantined" not in world.alarms()
    account.reconciled()
    account.stand.deliver()  # and the webhooks that were late: their ids are known
    assert world.raised(once) == {"EUR": 2000} and "quarantined" not in world.outcomes()


def test_what_was_set_aside_for_its_version_is_made_up_for(account: Account) -> None:
    gift = account.given(deliver=False)
    list_in("2019-01-01", account)
    account.stand.deliver()
    assert account.stand.world.raised(gift) == {} and "quarantined" in account.stand.world.outcomes()
    account.reconciled()
    assert account.stand.world.raised(gift) == {"EUR": 2500} and "quarantined" not in account.stand.world.outcomes()


def test_a_stripe_that_turns_us_away_in_the_midst_of_it_is_no_difference(account: Account) -> None:
    gift, stand = account.given(deliver=False), account.stand
    list_in("2019-01-01", account)
    with gate_to(stand.url, holds=False, refused=gift.session_id) as (_, url):
        runner = sibling(stand.app, STRIPE_API_BASE=url).test_cli_runner()
        done = runner.invoke(args=["donations", "reconcile", "--json"])
    assert done.exit_code == 1 and "no answer" in done.stderr and not done.stdout
    assert stand.world.alarms() == [] and stand.world.outcomes().count("quarantined") == 0
    account.reconciled()
    assert stand.world.raised(gift) == {"EUR": 2500}


def test_an_event_whose_object_stripe_shows_no_more_stays_set_aside(account: Account) -> None:
    gift = account.given(deliver=False)
    rewrite_event(account, gift, "$.api_version", "2019-01-01")
    with account.stand.store.writing() as ledger:
        ledger.connection.execute("DELETE FROM objects WHERE id = ?", (gift.session_id,))
    account.reconciled()
    account.reconciled()
    assert account.stand.world.outcomes().count("quarantined") == 1
    assert account.stand.world.alarms().count("payment-quarantined") == 1


def list_in(version: str, account: Account) -> None:
    with account.stand.store.writing() as ledger:
        whole = "UPDATE objects SET body = json_set(body, '$.api_version', ?) WHERE kind = 'event'"
        ledger.connection.execute(whole, (version,))


def rewrite_event(account: Account, gift: Gift, place: str, value: str) -> None:
    with account.stand.store.writing() as ledger:
        its_own = "kind = 'event' AND json_extract(body, '$.data.object.id') = ? AND body LIKE '%session.completed%'"
        ledger.connection.execute(
            f"UPDATE objects SET body = json_set(body, ?, ?) WHERE {its_own}", (place, value, gift.session_id)
        )


def forget_events(account: Account) -> None:
    """More than thirty days have passed: Stripe lists them no more."""
    with account.stand.store.writing() as ledger:
        ledger.connection.execute("DELETE FROM deliveries")
        ledger.connection.execute("DELETE FROM objects WHERE kind = 'event'")


def test_a_session_whose_end_nobody_told_is_asked_about(account: Account) -> None:
    paid, left = account.given(deliver=False), account.gift()
    unopened = account.stand.world.gift()
    change(
        account,
        update(Donation).where(Donation.public_id == unopened.public_id).values(session_state="new", session_id=None),
    )
    forget_events(account)
    with time_machine.travel(clock.now() + timedelta(hours=25)):
        requests.get(f"{account.stand.url}/c/pay/{left.session_id}", timeout=10)
        expire_due(account.stand.store)
        forget_events(account)
        report = account.reconciled()
    assert report["ok"] and account.stand.world.raised(paid) == {"EUR": 2500}
    states = {donation.public_id: donation.session_state for donation in account.stand.world.donations()}
    assert states[paid.public_id] == SessionState.COMPLETE
    assert states[left.public_id] == states[unopened.public_id] == SessionState.EXPIRED


def test_a_renewal_that_nobody_told_is_asked_about(account: Account) -> None:
    gift = account.given(1000, frequency="monthly")
    subscription = account.ask(lambda v1: v1.checkout.sessions.retrieve(gift.session_id))["subscription"]
    account.drive("subscriptions", subscription, "renew")
    forget_events(account)
    with time_machine.travel(clock.now() + timedelta(days=35)):
        report = account.reconciled("--since", "60")
    assert report["differences"] == [] and account.stand.world.raised(gift) == {"EUR": 2000}


def test_a_refund_that_was_asked_for_is_sent(account: Account) -> None:
    gift = account.given()
    with account.stand.app.app_context():
        payment = db.session.scalars(select(Payment)).one()
        requests_.request_refund(payment, money=Money(700, "EUR"), reason="asked", actor="office@example.org")
        db.session.commit()
    with time_machine.travel(clock.now() + timedelta(minutes=5)):
        report = account.reconciled()
    assert report["differences"] == [] and account.stand.world.raised(gift) == {"EUR": 1800}


def test_a_payment_that_stays_pending_is_listed(account: Account) -> None:
    gift = account.gift()
    account.press(gift, "debit")
    account.stand.deliver()
    assert account.reconciled()["notes"] == []
    with time_machine.travel(clock.now() + timedelta(days=15)):
        report = account.reconciled()
    assert "pending since" in report["notes"][0] and report["ok"]


BREAKS: dict[str, Any] = {
    "unknown-payment": lambda: delete(Payment),
    "payment-amount": lambda: update(Payment).values(amount=2600),
    "payment-status": lambda: update(Payment).values(status="pending"),
    "missing-payment": lambda: insert_payment(),
    "unknown-refund": lambda: delete(Refund),
    "refund-amount": lambda: update(Refund).values(amount=499),
    "refund-status": lambda: update(Refund).values(status="failed"),
    "unknown-dispute": lambda: delete(Dispute),
    "dispute-amount": lambda: update(Dispute).values(amount=1),
    "dispute-status": lambda: update(Dispute).values(status="won"),
}


def insert_payment() -> Any:
    donation = db.session.scalars(select(Donation.id).limit(1)).one()
    return insert(Payment).values(
        stripe_id="pi_nobody", donation_id=donation, amount=2500, currency="EUR", status="paid", created_at=clock.now(),
        paid_at=clock.now(), attempts=0, action_url="",
    )  # fmt: skip


@pytest.mark.parametrize("kind", BREAKS)
def test_every_kind_of_difference_has_its_sentence_an_alarm_and_exit_code_1(account: Account, kind: str) -> None:
    """Our rows are changed by hand, which is what the comparison is there to notice."""
    account.refund(account.given(), 500)
    account.dispute(account.given(3000))
    account.stand.deliver()
    assert account.reconciled()["ok"]
    with account.stand.app.app_context():
        db.session.execute(BREAKS[kind]())
        db.session.commit()
    report = account.reconciled()
    assert kind in kinds(report) and not report["ok"]
    text = account.run("reconcile")
    assert text.exit_code == 1 and f"DIFFERS {report['differences'][0]['sentence']}" in text.stdout
    assert account.stand.world.alarms().count("books-differ") == 1, "once for the same differences"


def test_what_lies_before_the_window_makes_no_difference(account: Account) -> None:
    gift = account.given()
    debit = account.gift(4000)
    account.press(debit, "debit")
    account.stand.deliver()
    with time_machine.travel(clock.now() + timedelta(days=10)):
        account.refund(gift, 500)
        account.drive("sessions", debit.session_id, "settle")
        account.stand.deliver()
        report = account.reconciled("--since", "2")
        assert report["differences"] == [] and report["sums"]["EUR"]["refunds"] == 500
        assert report["sums"]["EUR"]["gross"] == 4000


def test_each_payout_is_the_sum_of_what_it_holds(account: Account) -> None:
    """Case 52."""
    account.refund(account.given(5000), 1000)
    account.given(700, "JPY")
    account.stand.deliver()
    account.pay_out()
    report = account.reconciled()
    assert report["ok"] and [payout["ok"] for payout in report["payouts"]] == [True, True]
    change(account, update(BalanceTransaction).where(BalanceTransaction.category == "refund").values(net=-900))
    report = account.reconciled()
    assert {"payout", "net", "sum"} <= set(kinds(report))


def test_stripe_away_is_no_difference_and_is_tried_again(account: Account) -> None:
    account.given()
    away = sibling(account.stand.app, STRIPE_API_BASE="http://127.0.0.1:9")
    result = away.test_cli_runner().invoke(args=["donations", "reconcile"])
    assert result.exit_code == 1 and "again later" in result.output
    with away.app_context():
        jobs.promise()
        due = db.session.scalars(select(Job.run_at).where(Job.kind == jobs.KIND)).one()
    with time_machine.travel(due + timedelta(minutes=1)):
        World(away).work()
        assert job_state(account) == "queued" and account.stand.world.alarms() == []
    with time_machine.travel(due + timedelta(minutes=10)):
        account.stand.world.work()
        assert job_state(account) == "done" and account.stand.world.alarms() == []


def job_state(account: Account) -> str:
    with account.stand.app.app_context():
        return str(db.session.scalars(select(Job.state).where(Job.kind == jobs.KIND).order_by(Job.id).limit(1)).one())


def test_a_difference_is_mailed_to_the_organisers(account: Account) -> None:
    account.given()
    with account.stand.app.app_context():
        services.ensure_organiser("office@example.org")
        db.session.commit()
    change(account, update(Payment).values(amount=2400))
    account.reconciled()
    mail = next(mail for mail in account.stand.world.mails_to("office@example.org"))
    assert "Stripe took 25.00 EUR" in mail.get_content()


@pytest.mark.parametrize("typed", ["yesterday", "99999", "2026-13-01"])
def test_a_day_that_is_none_is_used_wrongly(account: Account, typed: str) -> None:
    assert account.run("reconcile", "--since", typed).exit_code == 2


def test_without_a_key_there_is_nothing_to_compare_with(app: Flask) -> None:
    site = sibling(app, STRIPE_SECRET_KEY="", STRIPE_WEBHOOK_SECRETS="", STRIPE_API_BASE="")
    assert site.test_cli_runner().invoke(args=["donations", "reconcile"]).exit_code == 2
    with site.app_context():
        jobs.promise()
        assert db.session.scalar(select(Job.id)) is None
