"""Means of payment: what Checkout offers by itself, a provider's own page, and debits that settle later."""

import pytest
import stripe

from tests.sandbox.happenings import PAID


def lines(currency, amount=2500):
    price = {"currency": currency, "unit_amount": amount, "product_data": {"name": "Donation"}}
    return [{"quantity": 1, "price_data": price}]


@pytest.mark.parametrize(
    ("currency", "kinds"),
    [
        ("eur", ["card", "paypal", "sepa_debit"]),
        ("gbp", ["card", "paypal", "bacs_debit"]),
        ("usd", ["card", "paypal"]),
        ("kzt", ["card"]),
    ],
)
def test_a_session_offers_what_the_account_has_switched_on_for_the_currency(bench, currency, kinds):
    session = bench.open_session(line_items=lines(currency, 500_000))
    assert session["payment_method_types"] == kinds
    page = bench.look(f"/c/pay/{session['id']}").text
    assert ("PayPal" in page) == ("paypal" in kinds)
    assert ("(settles later)" in page) == (len(kinds) > 2)


def test_a_means_of_payment_that_does_not_take_the_currency_is_refused(bench):
    with pytest.raises(stripe.InvalidRequestError, match="currency provided") as refusal:
        bench.open_session(line_items=lines("usd"), payment_method_types=["card", "sepa_debit"])
    assert refusal.value.param == "payment_method_types"


@pytest.mark.parametrize("opened", ["open_session", "open_patronage"])
def test_approving_on_the_provider_s_page_pays(bench, opened):
    session = getattr(bench, opened)()
    page = bench.press(session, "paypal").headers["Location"]
    assert page == f"/c/redirect/{session['id']}"
    assert "Sandbox PayPal" in bench.look(page).text
    assert bench.event_types() == ["payment_intent.requires_action"]
    assert bench.press(session, "approve").headers["Location"].startswith("http://127.0.0.1:9/thanks")
    assert bench.press(session, "approve").status_code == 303  # a double click pays once
    assert bench.session(session)["payment_status"] == "paid"
    assert bench.event_types().count("charge.succeeded") == 1
    charge = bench.client.v1.charges.list().data[0]
    assert (charge.payment_method_details.type, charge.id[:3]) == ("paypal", "py_")
    assert charge.payment_method_details.paypal.payer_email == "donor@example.org"


def test_refusing_there_leads_back_to_the_pay_page(bench):
    session = bench.open_session()
    bench.press(session, "paypal")
    back = bench.press(session, "refuse").headers["Location"]
    assert "refused on the provider&#39;s page. You can try again." in bench.look(back).text
    assert bench.event_types() == ["payment_intent.requires_action", "payment_intent.payment_failed"]
    assert bench.press(session, "approve").status_code == 409
    bench.press(session, "pay")
    assert bench.event_types()[2:] == PAID


def test_nobody_approves_what_was_not_begun(bench):
    session = bench.open_session()
    assert bench.press(session, "approve").status_code == 409
    assert bench.press(session, "refuse").status_code == 409


def test_a_card_only_session_leads_to_no_provider(bench):
    assert bench.press(bench.open_session(payment_method_types=["card"]), "paypal").status_code == 409


@pytest.mark.parametrize(("currency", "kind"), [("eur", "sepa_debit"), ("gbp", "bacs_debit")])
def test_a_bank_debit_has_a_mandate_and_settles_later(bench, currency, kind):
    session = bench.open_session(line_items=lines(currency))
    bench.press(session, "debit")
    assert bench.session(session)["payment_status"] == "unpaid"
    charge = bench.charge_of(session)
    assert (charge["status"], charge["payment_method_details"]["type"]) == ("pending", kind)
    mandate = bench.client.v1.mandates.retrieve(charge["payment_method_details"][kind]["mandate"])
    assert (mandate.status, mandate.payment_method) == ("active", charge["payment_method"])
    bench.drive("sessions", session["id"], "settle")
    assert bench.charge_of(session)["status"] == "succeeded"


def test_a_withdrawn_mandate_pays_no_renewal(bench):
    session = bench.open_patronage()
    bench.press(session, "debit")
    bench.drive("sessions", session["id"], "settle")
    subscription = bench.session(session)["subscription"]
    assert bench.events_of(lambda: bench.drive("subscriptions", subscription, "withdraw")) == ["mandate.updated"]
    assert "invoice.payment_failed" in bench.events_of(lambda: bench.drive("subscriptions", subscription, "renew"))
    assert bench.client.v1.subscriptions.retrieve(subscription).status == "past_due"
    assert bench.drive("subscriptions", subscription, "withdraw").status_code == 409
