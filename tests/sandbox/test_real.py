"""One plain flow, told alike by the sandbox and by Stripe's real test mode; the latter where STRIPE_TEST_KEY is set."""

import os
import time

import pytest
import stripe

from tests.sandbox.conftest import payment

REAL_KEY = os.environ.get("STRIPE_TEST_KEY", "")
WITH_KEY = pytest.mark.skipif(
    not REAL_KEY.startswith("sk_test_"), reason="STRIPE_TEST_KEY holds no test key of Stripe's"
)


@pytest.fixture(params=["sandbox", pytest.param("stripe", marks=WITH_KEY)])
def client(request) -> stripe.StripeClient:
    if request.param == "sandbox":
        return request.getfixturevalue("bench").client
    return stripe.StripeClient(REAL_KEY, max_network_retries=2, http_client=stripe.RequestsClient(timeout=30))


def test_a_session_is_opened_found_and_ended(client):
    expires_at = int(time.time()) + 3600
    asked = {**payment(), "expires_at": expires_at}
    session = client.v1.checkout.sessions.create(asked)
    assert session.id.startswith("cs_test_")
    assert (session.status, session.payment_status, session.amount_total) == ("open", "unpaid", 2500)
    assert (session.currency, session.metadata.to_dict()) == ("eur", {"donation": "d-1"})
    assert session.expires_at == expires_at
    assert client.v1.checkout.sessions.retrieve(session.id).url == session.url
    assert client.v1.checkout.sessions.expire(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.expire(session.id)


def test_the_same_key_gives_the_same_session(client):
    key = f"undersigned-{time.time_ns()}"
    first, second = (
        client.v1.checkout.sessions.create(payment(), {"idempotency_key": key}) for _ in range(2)
    )  # fmt: skip
    assert first.id == second.id
    with pytest.raises(stripe.IdempotencyError):
        client.v1.checkout.sessions.create({**payment(), "locale": "fr"}, {"idempotency_key": key})


def test_a_payment_is_refunded_in_parts_and_no_further(client):
    made = client.v1.payment_intents.create(
        {
            "amount": 2000,
            "currency": "eur",
            "payment_method": "pm_card_visa",
            "payment_method_types": ["card"],
            "confirm": True,
            "metadata": {"donation": "d-1"},
        }
    )
    assert made.status == "succeeded"
    refund = client.v1.refunds.create({"payment_intent": made.id, "amount": 500, "reason": "requested_by_customer"})
    assert (refund.amount, refund.status, refund.charge) == (500, "succeeded", made.latest_charge)
    with pytest.raises(stripe.InvalidRequestError, match="greater than unrefunded amount on charge"):
        client.v1.refunds.create({"payment_intent": made.id, "amount": 1501})
    assert client.v1.refunds.create({"payment_intent": made.id}).amount == 1500
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.refunds.create({"payment_intent": made.id})
    assert refusal.value.code == "charge_already_refunded"
    charge = client.v1.charges.retrieve(str(made.latest_charge))
    assert (charge.amount_refunded, charge.refunded, charge.metadata.to_dict()) == (2000, True, {"donation": "d-1"})


def test_a_refused_card_is_a_card_error(client):
    with pytest.raises(stripe.CardError) as refusal:
        client.v1.payment_intents.create(
            {
                "amount": 2000,
                "currency": "eur",
                "payment_method": "pm_card_chargeDeclined",
                "payment_method_types": ["card"],
                "confirm": True,
            }
        )
    assert (refusal.value.code, refusal.value.http_status) == ("card_declined", 402)


def test_a_subscription_changes_its_amount_pauses_and_ends(client):
    card = "pm_card_visa"
    customer = client.v1.customers.create(
        {"payment_method": card, "invoice_settings": {"default_payment_method": card}}
    )
    product = client.v1.products.create({"name": "Donation"})
    rhythm = {"interval": "month"}
    price = {"currency": "eur", "product": product.id, "unit_amount": 1500, "recurring": rhythm}
    made = client.v1.subscriptions.create({"customer": customer.id, "items": [{"price_data": price}]}).to_dict()
    assert made["status"] == "active"
    item = {"id": made["items"]["data"][0]["id"], "price_data": {**price, "unit_amount": 2500}}
    changed = client.v1.subscriptions.update(made["id"], {"items": [item], "proration_behavior": "none"}).to_dict()
    assert changed["items"]["data"][0]["price"]["unit_amount"] == 2500
    paused = client.v1.subscriptions.update(made["id"], {"pause_collection": {"behavior": "void"}})
    assert (paused.status, paused.pause_collection.behavior) == ("active", "void")
    assert client.v1.subscriptions.update(made["id"], {"pause_collection": ""}).pause_collection is None
    (paid,) = client.v1.invoice_payments.list({"invoice": made["latest_invoice"]}).data
    wanted = {"type": "payment_intent", "payment_intent": str(paid.payment.payment_intent)}
    assert [found.id for found in client.v1.invoice_payments.list({"payment": wanted}).data] == [paid.id]
    assert client.v1.subscriptions.cancel(made["id"]).status == "canceled"
    with pytest.raises(stripe.InvalidRequestError, match="A canceled subscription can only update"):
        client.v1.subscriptions.update(made["id"], {"cancel_at_period_end": True})
