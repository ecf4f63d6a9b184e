"""Patrons: the first payment, renewals that succeed or fail, and the end."""

from datetime import UTC, datetime

import pytest
import stripe

from sandbox.subscriptions import period_end
from tests.sandbox.happenings import BILLED, CHARGED, DEBITED


@pytest.fixture
def patron(bench):
    """The paid session of a monthly patron."""
    session = bench.open_patronage()
    bench.press(session, "pay")
    return bench.session(session)


def subscription_of(bench, patron):
    return bench.client.v1.subscriptions.retrieve(patron["subscription"]).to_dict()


def renewal(bench):
    """Drop the events of the first payment."""
    return bench.event_types()[8:]


def test_the_first_payment_makes_customer_subscription_and_invoice(bench, patron):
    assert bench.event_types() == [
        "customer.subscription.created",
        *CHARGED,
        *BILLED,
        "checkout.session.completed",
    ]
    assert (patron["payment_status"], patron["payment_intent"]) == ("paid", None)
    subscription = subscription_of(bench, patron)
    assert (subscription["status"], subscription["metadata"]) == ("active", {"donation": "d-1"})
    assert subscription["items"]["data"][0]["price"]["recurring"]["interval"] == "month"
    invoice = bench.client.v1.invoices.retrieve(patron["invoice"], {"expand": ["payments"]}).to_dict()
    assert (invoice["status"], invoice["billing_reason"]) == ("paid", "subscription_create")
    assert invoice["parent"]["subscription_details"] == {
        "subscription": subscription["id"],
        "metadata": {"donation": "d-1"},
    }
    assert invoice["payments"]["data"][0]["payment"]["payment_intent"].startswith("pi_")


def test_a_renewal_is_a_new_invoice_whose_payment_names_its_intent(bench, patron):
    before = subscription_of(bench, patron)["items"]["data"][0]
    bench.drive("subscriptions", patron["subscription"], "renew")
    assert renewal(bench) == ["customer.subscription.updated", *CHARGED, *BILLED]
    after = subscription_of(bench, patron)
    assert after["items"]["data"][0]["current_period_start"] == before["current_period_end"]
    assert after["latest_invoice"] != patron["invoice"]
    paid = bench.client.v1.events.list({"type": "invoice_payment.paid"}).data[0].data.object.to_dict()
    assert paid["invoice"] == after["latest_invoice"]
    invoice = bench.client.v1.invoices.retrieve(paid["invoice"])
    assert (invoice.billing_reason, invoice.amount_paid) == ("subscription_cycle", 2500)
    assert invoice.parent.subscription_details.metadata.to_dict() == {"donation": "d-1"}
    intent = bench.client.v1.payment_intents.retrieve(paid["payment"]["payment_intent"])
    assert (intent.status, intent.customer) == ("succeeded", patron["customer"])
    payments = bench.client.v1.invoice_payments.list({"invoice": paid["invoice"]})
    assert [payment.id for payment in payments.data] == [paid["id"]]


def test_a_failed_renewal_is_past_due_until_its_own_invoice_is_paid(bench, patron):
    bench.drive("subscriptions", patron["subscription"], "fail")
    assert renewal(bench) == [
        "customer.subscription.updated",  # the period has begun
        "charge.failed",
        "payment_intent.payment_failed",
        "invoice.payment_failed",
        "customer.subscription.updated",
    ]
    failed = subscription_of(bench, patron)
    assert failed["status"] == "past_due"
    update = bench.client.v1.events.list({"type": "customer.subscription.updated"}).data[0]
    assert update.data.previous_attributes["status"] == "active"
    invoice = bench.client.v1.invoices.retrieve(failed["latest_invoice"])
    assert (invoice.status, invoice.attempt_count) == ("open", 1)
    assert invoice.next_payment_attempt is not None
    bench.drive("subscriptions", patron["subscription"], "renew")
    mended = subscription_of(bench, patron)
    assert (mended["status"], mended["latest_invoice"]) == ("active", invoice.id)
    assert bench.client.v1.invoices.retrieve(invoice.id).status == "paid"


def test_a_cancelled_subscription_is_over(bench, patron):
    cancelled = bench.client.v1.subscriptions.cancel(
        patron["subscription"], {"cancellation_details": {"comment": "Enough", "feedback": "other"}}
    )
    assert cancelled.status == "canceled"
    assert cancelled.cancellation_details.reason == "cancellation_requested"
    assert cancelled.cancellation_details.comment == "Enough"
    assert renewal(bench) == ["customer.subscription.deleted"]
    assert bench.drive("subscriptions", patron["subscription"], "renew").status_code == 409
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        bench.client.v1.subscriptions.cancel(patron["subscription"])
    assert refusal.value.code == "resource_missing"


def test_the_driving_page_cancels_too(bench, patron):
    assert bench.drive("subscriptions", patron["subscription"], "cancel").status_code == 303
    assert subscription_of(bench, patron)["status"] == "canceled"


def test_a_declined_patron_has_no_subscription_yet(bench):
    session = bench.open_patronage()
    bench.press(session, "decline")
    assert bench.session(session)["subscription"] is None
    bench.press(session, "pay")
    assert bench.session(session)["subscription"].startswith("sub_")


def test_a_patron_by_bank_debit_is_paid_when_the_bank_has_paid(bench):
    session = bench.open_patronage()
    bench.press(session, "debit")
    waiting = bench.session(session)
    assert waiting["payment_status"] == "unpaid"
    assert bench.client.v1.invoices.retrieve(waiting["invoice"]).status == "open"
    assert bench.drive("subscriptions", waiting["subscription"], "renew").status_code == 409
    bench.drive("sessions", session["id"], "settle")
    assert bench.session(session)["payment_status"] == "paid"
    assert bench.event_types()[-6:] == [*DEBITED, *BILLED, "checkout.session.async_payment_succeeded"]


def test_a_patron_whose_bank_debit_comes_back_is_past_due(bench):
    session = bench.open_patronage()
    bench.press(session, "debit")
    bench.drive("sessions", session["id"], "fail")
    assert subscription_of(bench, bench.session(session))["status"] == "past_due"
    assert bench.event_types()[-3:] == [
        "invoice.payment_failed",
        "customer.subscription.updated",
        "checkout.session.async_payment_failed",
    ]


@pytest.mark.parametrize(
    ("start", "interval", "count", "end"),
    [
        ("2026-01-31", "month", 1, "2026-02-28"),
        ("2028-02-29", "year", 1, "2029-02-28"),
        ("2026-11-24", "month", 3, "2027-02-24"),
        ("2026-12-28", "week", 1, "2027-01-04"),
    ],
)
def test_a_period_ends_on_the_same_day_or_the_last_of_a_shorter_month(start, interval, count, end):
    began = datetime.fromisoformat(start).replace(tzinfo=UTC)
    ended = datetime.fromisoformat(end).replace(tzinfo=UTC)
    assert period_end(int(began.timestamp()), interval, count) == int(ended.timestamp())
