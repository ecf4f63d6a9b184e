"""Payments that a program makes without a page: what Stripe's names for test cards promise."""

import pytest
import stripe

from tests.sandbox.happenings import BILLED, CHARGED


def intent(bench, method="pm_card_visa", **params):
    return bench.client.v1.payment_intents.create(
        {"amount": 2000, "currency": "eur", "payment_method": method, "confirm": True, **params}
    )


@pytest.fixture
def customer(bench):
    card = "pm_card_visa"
    return bench.client.v1.customers.create(
        {"email": "donor@example.org", "payment_method": card, "invoice_settings": {"default_payment_method": card}}
    )


@pytest.fixture
def price(bench):
    product = bench.client.v1.products.create({"name": "Patronage"})
    return bench.client.v1.prices.create(
        {"product": product.id, "unit_amount": 1500, "currency": "eur", "recurring": {"interval": "month"}}
    )


def test_a_good_card_pays_at_once(bench):
    made = intent(bench, metadata={"donation": "d-1"})
    assert (made.status, made.amount_received) == ("succeeded", 2000)
    assert bench.event_types() == ["payment_intent.created", *CHARGED]
    with pytest.raises(stripe.InvalidRequestError, match="status of succeeded"):
        bench.client.v1.payment_intents.confirm(made.id, {"payment_method": "pm_card_visa"})


def test_a_refused_card_is_an_error_that_has_happened(bench):
    made = bench.client.v1.payment_intents.create({"amount": 2000, "currency": "eur"})
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refusal:
            bench.client.v1.payment_intents.confirm(
                made.id, {"payment_method": "pm_card_chargeDeclined"}, {"idempotency_key": "again"}
            )
        assert (refusal.value.code, refusal.value.http_status) == ("card_declined", 402)
    assert bench.event_types() == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]
    assert bench.client.v1.payment_intents.retrieve(made.id).last_payment_error.code == "card_declined"
    paid = bench.client.v1.payment_intents.confirm(made.id, {"payment_method": "pm_card_visa"})
    assert paid.status == "succeeded"


@pytest.mark.parametrize(
    ("card", "status"), [("createDispute", "needs_response"), ("createDisputeInquiry", "warning_needs_response")]
)
def test_a_card_may_bring_its_dispute_along(bench, card, status):
    made = intent(bench, f"pm_card_{card}")
    assert bench.client.v1.disputes.list({"payment_intent": made.id}).data[0].status == status


@pytest.mark.parametrize("params", [{"payment_method": "pm_none"}, {"amount": 0}, {"payment_method": None}])
def test_half_a_payment_is_refused(bench, params):
    kept = {name: value for name, value in {"payment_method": "pm_card_visa", **params}.items() if value is not None}
    with pytest.raises(stripe.InvalidRequestError):
        bench.client.v1.payment_intents.create({"amount": 2000, "currency": "eur", "confirm": True, **kept})
    assert bench.event_types() == []


def test_a_session_can_name_a_price_and_a_customer(bench, customer):
    product = bench.client.v1.products.create({"name": "Badge"})
    price = bench.client.v1.prices.create({"product": product.id, "unit_amount": 700, "currency": "eur"})
    session = bench.open_session(
        line_items=[{"price": price.id, "quantity": 2}], customer=customer.id, customer_email=None
    )
    assert (session["amount_total"], session["customer"]) == (1400, customer.id)
    assert "Badge" in bench.look(f"/c/pay/{session['id']}").text
    bench.press(session, "pay")
    assert bench.charge_of(session)["customer"] == customer.id


def test_a_subscription_is_paid_by_the_customer_s_own_card(bench, customer, price):
    made = bench.client.v1.subscriptions.create({"customer": customer.id, "items": [{"price": price.id}]})
    assert made.status == "active"
    assert bench.event_types()[-7:] == ["customer.subscription.created", *CHARGED, *BILLED]
    bench.drive("subscriptions", made.id, "renew")
    assert len(bench.client.v1.invoices.list({"subscription": made.id, "status": "paid"}).data) == 2


def test_a_subscription_that_cannot_be_paid_is_none(bench, customer, price):
    for method in ("pm_card_chargeCustomerFail", "pm_none"):
        with pytest.raises(stripe.StripeError):
            bench.client.v1.subscriptions.create(
                {"customer": customer.id, "items": [{"price": price.id}], "default_payment_method": method}
            )
    nobody = bench.client.v1.customers.create({"name": "Nobody"})
    with pytest.raises(stripe.InvalidRequestError, match="no attached payment source"):
        bench.client.v1.subscriptions.create({"customer": nobody.id, "items": [{"price": price.id}]})
    assert bench.client.v1.subscriptions.list({"status": "all"}).data == []


def test_an_invoice_over_items_is_paid_once(bench, customer):
    with pytest.raises(stripe.InvalidRequestError, match="Nothing to invoice"):
        bench.client.v1.invoices.create({"customer": customer.id, "pending_invoice_items_behavior": "include"})
    for amount in (500, 700):
        bench.client.v1.invoice_items.create({"customer": customer.id, "amount": amount, "currency": "eur"})
    draft = bench.client.v1.invoices.create({"customer": customer.id, "pending_invoice_items_behavior": "include"})
    assert (draft.status, draft.amount_due, draft.hosted_invoice_url) == ("draft", 1200, None)
    assert bench.look(f"/i/{draft.id}").status_code == 404
    with pytest.raises(stripe.CardError):
        bench.client.v1.invoices.pay(draft.id, {"payment_method": "pm_card_chargeDeclined"})
    bill = bench.client.v1.invoices.retrieve(draft.id)
    assert bill.status == "open"
    assert bench.look(str(bill.hosted_invoice_url).removeprefix(bench.url)).status_code == 200
    assert bench.client.v1.invoices.pay(draft.id).status == "paid"
    with pytest.raises(stripe.InvalidRequestError, match="already paid"):
        bench.client.v1.invoices.pay(draft.id)


def test_an_invoice_over_items_can_be_paid_on_its_page(bench, customer):
    bench.client.v1.invoice_items.create({"customer": customer.id, "amount": 500, "currency": "eur"})
    draft = bench.client.v1.invoices.create({"customer": customer.id, "pending_invoice_items_behavior": "include"})
    with pytest.raises(stripe.CardError):
        bench.client.v1.invoices.pay(draft.id, {"payment_method": "pm_card_chargeDeclined"})
    assert bench.post(f"/i/{draft.id}/pay").status_code == 303
    assert bench.client.v1.invoices.retrieve(draft.id).status == "paid"


def test_an_account_is_known_by_its_number(bench):
    method = bench.client.v1.payment_methods.create(
        {"type": "sepa_debit", "sepa_debit": {"iban": "DE89 3704 0044 0532 0130 00"}, "billing_details": {"name": "D"}}
    )
    made = intent(bench, method.id, payment_method_types=["sepa_debit"])
    assert made.status == "succeeded"
    assert "payment_intent.processing" in bench.event_types()
