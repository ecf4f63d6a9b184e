"""What events make of a gift: only a verified event moves the thermometer, and every end is told once."""

import itertools
import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from cases.models import Case, CaseStatus
from core import clock
from core.db import db
from donations import services
from tests.donations.conftest import DONOR, World, text_of
from tests.donations.events import (
    completed,
    event,
    invoice_paid,
    invoice_payment_paid,
    send,
    session,
)


def async_succeeded(gift: Any) -> dict[str, Any]:
    return event("checkout.session.async_payment_succeeded", session(gift))


def async_failed(gift: Any) -> dict[str, Any]:
    return event("checkout.session.async_payment_failed", session(gift, payment_status="unpaid"))


def expired(gift: Any) -> dict[str, Any]:
    return event("checkout.session.expired", session(gift, payment_status="unpaid", payment_intent=None))


def test_the_thermometer_moves_only_by_a_webhook(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    address = f"/donate/{gift.slug}?currency=EUR"  # with a query no cache stands between
    assert "yours would be the first gift" in client.get(address).text
    client.get(f"/donations/thanks?session_id={gift.session_id}")
    assert "yours would be the first gift" in client.get(address).text
    send(client, completed(gift))
    page = client.get(address).text
    assert '<strong class="big">€25</strong>' in page
    assert "given in one donation" in page
    assert '<progress id="raised" max="10000" value="2500">' in page


def test_27_an_invoice_before_its_session_is_one_payment(client: FlaskClient, world: World) -> None:
    gift = world.gift(frequency="monthly")
    assert send(client, invoice_paid(gift)).status_code == 200
    assert world.raised(gift) == {"EUR": 2500}
    assert send(client, completed(gift)).status_code == 200
    assert world.payments() == [(f"in_{gift.public_id}_1", "paid", 2500)]
    assert world.donations()[0].subscription_id == f"sub_{gift.public_id}"
    assert len(world.mails()) == 1


def test_every_renewal_counts_once_and_has_its_own_receipt(client: FlaskClient, world: World) -> None:
    gift = world.gift(frequency="monthly")
    for body in (
        completed(gift),
        invoice_paid(gift),
        invoice_paid(gift, 2),
        invoice_paid(gift, 2),
        invoice_paid(gift, 3),
    ):
        assert send(client, body).status_code == 200
    assert world.raised(gift) == {"EUR": 7500}
    assert len(world.mails()) == 3


def test_the_payment_intent_of_a_renewal_leads_to_its_payment_in_any_order(app: Flask, world: World) -> None:
    client = app.test_client()
    for order in itertools.permutations((completed, invoice_paid, invoice_payment_paid)):
        gift = world.gift(frequency="monthly")
        for make in order:
            assert send(client, make(gift)).status_code == 200
        with app.app_context():
            found = services.find_payment(f"pi_in_{gift.public_id}_1")
            assert found is not None
            assert found.stripe_id == f"in_{gift.public_id}_1"
    with app.app_context():
        assert services.find_payment("pi_unknown") is None


def test_28_a_late_failure_leaves_a_paid_payment_paid(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    for body in (completed(gift), async_failed(gift), completed(gift, payment_status="unpaid")):
        assert send(client, body).status_code == 200
    assert world.payments() == [(f"pi_{gift.public_id}", "paid", 2500)]
    assert world.progress(gift) == "received"
    assert [mail["Subject"] for mail in world.mails()] == ["Receipt for your gift"]


def test_29_expired_after_completed_is_ignored(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    assert send(client, completed(gift)).status_code == 200
    assert send(client, expired(gift)).status_code == 200
    assert world.outcomes() == ["applied", "ignored"]
    assert world.donations()[0].session_state == "complete"
    assert world.raised(gift) == {"EUR": 2500}


def test_an_expired_session_makes_no_gift(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    assert send(client, expired(gift)).status_code == 200
    assert world.donations()[0].session_state == "expired"
    assert world.progress(gift) == "unknown"
    assert world.payments() == []
    assert world.mails() == []


@pytest.mark.parametrize("frequency", ["once", "monthly"])
def test_30_completed_but_unpaid_is_pending_without_receipt_and_the_goal_stays(
    client: FlaskClient, world: World, frequency: str
) -> None:
    gift = world.gift(frequency=frequency)
    assert send(client, completed(gift, payment_status="unpaid")).status_code == 200
    assert [status for _, status, _ in world.payments()] == ["pending"]
    assert world.raised(gift) == {}
    assert world.progress(gift) == "confirming"
    assert world.mails() == []


def test_31_a_bank_debit_that_arrives_is_paid_once(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    for body in (completed(gift, payment_status="unpaid"), async_succeeded(gift), async_succeeded(gift)):
        assert send(client, body).status_code == 200
    assert world.payments() == [(f"pi_{gift.public_id}", "paid", 2500)]
    assert world.raised(gift) == {"EUR": 2500}
    assert len(world.mails()) == 1


def test_31_a_monthly_bank_debit_is_paid_once_when_its_invoice_is(client: FlaskClient, world: World) -> None:
    gift = world.gift(frequency="monthly")
    assert send(client, completed(gift, payment_status="unpaid")).status_code == 200
    assert world.raised(gift) == {} and world.mails() == []
    for body in (invoice_paid(gift), invoice_paid(gift)):
        assert send(client, body).status_code == 200
    assert [(status, minor) for _, status, minor in world.payments()] == [("paid", 2500)]
    assert world.raised(gift) == {"EUR": 2500} and len(world.mails()) == 1


def test_31_a_bank_debit_that_fails_is_failed_and_the_donor_is_told(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    for body in (completed(gift, payment_status="unpaid"), async_failed(gift), async_failed(gift)):
        assert send(client, body).status_code == 200
    assert world.payments() == [(f"pi_{gift.public_id}", "failed", 2500)]
    assert world.raised(gift) == {}
    assert "did not go through" in client.get(f"/donations/thanks?session_id={gift.session_id}").text
    (mail,) = world.mails()
    assert mail["Subject"] == "Your payment did not go through"
    assert "€25" in mail.get_content()


@pytest.mark.parametrize(
    "changes",
    [{"amount_total": 2501}, {"amount_total": 250_000}, {"amount_total": None}, {"amount_total": 0}, {"currency": "usd"},
     {"currency": None}, {"mode": "subscription"}, {"payment_status": "no_payment_required", "amount_total": 0}],
)  # fmt: skip
def test_32_other_terms_are_quarantined_alarmed_and_not_counted(
    client: FlaskClient, world: World, changes: dict[str, Any]
) -> None:
    gift = world.gift()
    assert send(client, completed(gift, **changes)).status_code == 200
    assert world.outcomes() == ["quarantined"]
    assert world.alarms() == ["payment-quarantined"]
    assert world.payments() == []
    assert world.raised(gift) == {}
    assert world.mails() == []


@pytest.mark.parametrize("changes", [{"amount_paid": 9900}, {"currency": "usd"}, {"amount_paid": 0}])
def test_32_a_renewal_on_other_terms_is_quarantined(client: FlaskClient, world: World, changes: dict[str, Any]) -> None:
    gift = world.gift(frequency="monthly")
    assert send(client, completed(gift)).status_code == 200
    assert send(client, invoice_paid(gift, 2, **changes)).status_code == 200
    assert world.outcomes() == ["applied", "quarantined"]
    assert world.alarms() == ["payment-quarantined"]
    assert world.raised(gift) == {"EUR": 2500}
    assert len(world.mails()) == 1


@pytest.mark.parametrize(
    ("currency", "minor", "sent"), [("ISK", 1500, 150_000), ("JPY", 1500, 1500), ("KWD", 3000, 3000)]
)
def test_34_currencies_of_other_exponents_are_compared_as_stripe_counts(
    client: FlaskClient, world: World, currency: str, minor: int, sent: int
) -> None:
    gift = world.gift(minor, currency)
    assert gift.stripe_minor == sent
    assert send(client, completed(gift)).status_code == 200
    assert world.raised(gift) == {currency: minor}


def test_42_money_without_a_donation_is_200_and_kept_for_the_office(
    app: Flask, client: FlaskClient, world: World
) -> None:
    gift = world.gift()
    stranger = completed(gift, id="cs_test_stranger", client_reference_id="nobody", metadata={})
    invoice = event("invoice.paid", {"id": "in_shop", "amount_paid": 100, "currency": "eur", "parent": None})
    for body in (stranger, invoice):
        assert send(client, body).status_code == 200
    assert world.outcomes() == ["unmatched", "unmatched"]
    assert world.alarms() == ["payment-unmatched", "payment-unmatched"]
    assert world.payments() == []
    with app.app_context():
        assert {seen.object_id for seen in services.attention()} == {"cs_test_stranger", "in_shop"}


def test_43_metadata_does_not_move_money_to_another_donation(client: FlaskClient, world: World) -> None:
    mine, other = world.gift(), world.gift()
    tampered = completed(mine, client_reference_id=other.public_id, metadata={"donation": other.public_id})
    assert send(client, tampered).status_code == 200
    assert world.raised(mine) == {"EUR": 2500}
    assert world.raised(other) == {}
    patron, stranger = world.gift(frequency="monthly"), world.gift(frequency="monthly")
    send(client, completed(patron))
    send(client, completed(stranger))
    renewal = invoice_paid(patron, 2)
    renewal["data"]["object"]["parent"]["subscription_details"]["metadata"]["donation"] = stranger.public_id
    assert send(client, renewal).status_code == 200
    assert world.raised(patron) == {"EUR": 5000}
    assert world.raised(stranger) == {"EUR": 2500}


def test_43_our_id_inside_does_not_beat_the_sessions_own(app: Flask, client: FlaskClient, world: World) -> None:
    mine, bound, unbound = world.gift(), world.gift(), world.gift()
    with app.app_context():
        lost = text("UPDATE donations SET session_id = NULL WHERE public_id = :id")
        db.session.execute(lost, {"id": unbound.public_id})
        db.session.commit()
    assert send(client, completed(mine, client_reference_id=unbound.public_id)).status_code == 200
    assert world.raised(mine) == {"EUR": 2500}
    assert world.raised(unbound) == {}
    assert send(client, completed(bound, id="cs_test_of_somebody_else")).status_code == 200
    assert world.raised(bound) == {}
    assert world.outcomes() == ["applied", "unmatched"]


def test_a_session_whose_id_was_lost_is_found_by_our_own_id(app: Flask, client: FlaskClient, world: World) -> None:
    gift = world.gift()
    with app.app_context():
        db.session.execute(text("UPDATE donations SET session_id = NULL, session_state = 'new'"))
        db.session.commit()
    assert send(client, completed(gift)).status_code == 200
    assert world.raised(gift) == {"EUR": 2500}
    assert world.progress(gift) == "received"


@pytest.mark.parametrize("status", [CaseStatus.CLOSED, CaseStatus.WON])
def test_48_a_gift_for_a_case_that_ended_meanwhile_is_counted_and_flagged(
    app: Flask, client: FlaskClient, world: World, status: CaseStatus
) -> None:
    gift = world.gift()
    with app.app_context():
        db.session.get_one(Case, gift.case_id).status = status
        db.session.commit()
    assert send(client, completed(gift)).status_code == 200
    assert world.raised(gift) == {"EUR": 2500}
    assert world.alarms() == ["gift-for-closed-case"]


def test_a_receipt_says_what_was_given_when_for_what_and_what_the_statement_will_say(
    client: FlaskClient, world: World
) -> None:
    gift = world.gift(minor=2550)
    send(client, completed(gift))
    (mail,) = world.mails()
    words = " ".join(text_of(mail).split())
    assert mail["Subject"] == "Receipt for your gift"
    today = clock.day(clock.now().date())
    for said in ("Dana Donor", "Amount: €25.50", f"Date: {today}", "For: Media fund", "once", "DONATION",
                 "On your statement", "not a certificate for the tax office", gift.public_id):  # fmt: skip
        assert said in words


def test_a_receipt_of_a_monthly_gift_to_the_general_fund_leads_to_where_it_is_stopped(
    client: FlaskClient, world: World
) -> None:
    gift = world.gift(frequency="monthly", general=True)
    send(client, completed(gift))
    (mail,) = world.mails()
    words = " ".join(text_of(mail).split())
    assert "For: where it is needed most" in words
    assert "every month" in words
    assert "change, pause or stop a regular gift" in words and "works for 30 days" in words
    assert world.page_owner(mail) == DONOR
    assert world.raised(gift) == {"EUR": 2500}


def test_a_gift_counts_for_its_own_fund_only(app: Flask, client: FlaskClient, world: World) -> None:
    one, other, general = world.gift(), world.gift(1000, "USD"), world.gift(700, general=True)
    for gift in (one, other, general):
        send(client, completed(gift))
    assert world.raised(one) == {"EUR": 2500}
    assert world.raised(other) == {"USD": 1000}
    assert world.raised(general) == {"EUR": 700}
    with app.app_context():
        assert services.totals() == {"EUR": 3200, "USD": 1000}
        assert [services.givers(gift.case_id) for gift in (one, general)] == [1, 1]


def test_nothing_in_clear_in_the_database_names_the_donor(app: Flask, client: FlaskClient, world: World) -> None:
    send(client, completed(world.gift()))
    world.work()
    with app.app_context():
        for table in ("donations", "payments", "stripe_events", "jobs"):
            rows = db.session.execute(text(f"SELECT * FROM {table}")).mappings()
            said = json.dumps([dict(row) for row in rows], default=repr)
            assert "Dana" not in said
            assert "donor@example.org" not in said
