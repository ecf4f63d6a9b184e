"""What the API changes on a running subscription, and what its renewals make of it."""

import pytest
import stripe

from tests.sandbox.happenings import BILLED, CHARGED, DEBITED

UPDATED = "customer.subscription.updated"


@pytest.fixture
def patron(bench):
    """The running subscription of a monthly patron."""
    session = bench.open_patronage()
    bench.press(session, "pay")
    return now(bench, bench.session(session)["subscription"])


def now(bench, subscription_id):
    return bench.client.v1.subscriptions.retrieve(subscription_id).to_dict()


def update(bench, patron, **params):
    return bench.client.v1.subscriptions.update(patron["id"], params).to_dict()


def drive(bench, patron, button):
    """What happened because of a button of the driving page."""
    return bench.events_of(lambda: bench.drive("subscriptions", patron["id"], button))


def latest_invoice(bench, patron):
    return bench.client.v1.invoices.retrieve(now(bench, patron["id"])["latest_invoice"]).to_dict()


def new_price(patron, **changes):
    """The parameters of another amount, as the site sends them."""
    item = patron["items"]["data"][0]
    price = {
        "currency": "eur",
        "product": item["price"]["product"],
        "unit_amount": 4000,
        "recurring": {"interval": "month"},
        **changes,
    }
    return {"items": [{"id": item["id"], "price_data": price}], "proration_behavior": "none"}


def test_another_amount_counts_from_the_next_renewal(bench, patron):
    before = len(bench.event_types())
    changed = update(bench, patron, **new_price(patron))
    assert changed["items"]["data"][0]["price"]["unit_amount"] == 4000
    assert changed["items"]["data"][0]["id"] == patron["items"]["data"][0]["id"]
    assert bench.event_types()[before:] == [UPDATED]
    drive(bench, patron, "renew")
    assert latest_invoice(bench, patron)["amount_paid"] == 4000


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"currency": "usd"}, "doesn't match the expected currency: `eur`"),
        ({"recurring": {"interval": "year"}}, "keeps a subscription's interval"),
        ({"product": "prod_none"}, "No such product"),
        ({"unit_amount": "1.5"}, "Invalid integer"),
    ],
)
def test_a_price_that_does_not_fit_is_refused(bench, patron, changes, message):
    with pytest.raises(stripe.InvalidRequestError, match=message):
        update(bench, patron, **new_price(patron, **changes))
    assert now(bench, patron["id"]) == patron


def test_another_amount_in_mid_period_needs_the_word_none(bench, patron):
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        update(bench, patron, **{**new_price(patron), "proration_behavior": "create_prorations"})
    assert refusal.value.param == "proration_behavior"


def test_a_paused_renewal_is_void_and_the_period_moves_on(bench, patron):
    paused = update(bench, patron, pause_collection={"behavior": "void"})
    assert paused["pause_collection"] == {"behavior": "void", "resumes_at": None}
    assert drive(bench, patron, "renew") == [UPDATED, "payment_intent.canceled", "invoice.voided"]
    after = now(bench, patron["id"])
    assert (after["status"], latest_invoice(bench, patron)["status"]) == ("active", "void")
    ended = patron["items"]["data"][0]["current_period_end"]
    assert after["items"]["data"][0]["current_period_start"] == ended
    assert update(bench, patron, pause_collection="")["pause_collection"] is None
    assert drive(bench, patron, "renew") == [UPDATED, *CHARGED, *BILLED]


def test_a_pause_ends_with_the_period_in_which_it_was_to_end(bench, patron):
    ends = patron["items"]["data"][0]["current_period_end"] + 60
    update(bench, patron, pause_collection={"behavior": "void", "resumes_at": ends})
    drive(bench, patron, "renew")
    assert latest_invoice(bench, patron)["status"] == "void"
    drive(bench, patron, "renew")
    assert latest_invoice(bench, patron)["status"] == "paid"
    assert now(bench, patron["id"])["pause_collection"] is None


def test_a_subscription_can_end_with_its_period(bench, patron):
    ending = update(bench, patron, cancel_at_period_end=True)
    assert ending["cancel_at"] == patron["items"]["data"][0]["current_period_end"]
    assert ending["status"] == "active"
    assert update(bench, patron, cancel_at_period_end=False)["cancel_at"] is None
    update(bench, patron, cancel_at_period_end=True)
    assert drive(bench, patron, "renew") == ["customer.subscription.deleted"]
    assert now(bench, patron["id"])["status"] == "canceled"


def test_a_cancelled_subscription_only_changes_its_metadata(bench, patron):
    bench.client.v1.subscriptions.cancel(patron["id"])
    with pytest.raises(stripe.InvalidRequestError, match="A canceled subscription can only update"):
        update(bench, patron, cancel_at_period_end=True)
    assert update(bench, patron, metadata={"fund": "media"})["metadata"] == {"donation": "d-1", "fund": "media"}
    assert update(bench, patron, metadata={"fund": ""})["metadata"] == {"donation": "d-1"}
    assert update(bench, patron, metadata="")["metadata"] == {}


def test_nothing_changed_tells_nothing(bench, patron):
    assert bench.events_of(lambda: update(bench, patron, metadata={"donation": "d-1"})) == []


def test_the_fourth_failure_is_the_last(bench, patron):
    counted = []
    for _ in range(3):
        happened = drive(bench, patron, "fail")
        invoice = latest_invoice(bench, patron)
        counted.append((invoice["attempt_count"], invoice["next_payment_attempt"] is not None))
        assert "invoice.payment_failed" in happened
        assert now(bench, patron["id"])["status"] == "past_due"
    assert counted == [(1, True), (2, True), (3, True)]
    assert drive(bench, patron, "fail")[-2:] == ["invoice.payment_failed", "customer.subscription.deleted"]
    ended = now(bench, patron["id"])
    assert (ended["status"], ended["cancellation_details"]["reason"]) == ("canceled", "payment_failed")
    assert latest_invoice(bench, patron)["next_payment_attempt"] is None


def test_a_bank_asks_and_the_donor_confirms_on_the_invoice_s_page(bench, patron):
    happened = drive(bench, patron, "ask")
    assert happened == [
        UPDATED,
        "payment_intent.requires_action",
        "invoice.payment_action_required",
        "invoice.payment_failed",
        UPDATED,
    ]
    invoice = latest_invoice(bench, patron)
    assert (invoice["status"], now(bench, patron["id"])["status"]) == ("open", "past_due")
    address = invoice["hosted_invoice_url"].removeprefix(bench.url)
    page = bench.look(address).text
    assert "Your bank asks you to confirm this payment" in page
    assert bench.events_of(lambda: bench.post(f"{address}/refuse")) == ["payment_intent.payment_failed"]
    assert "could not confirm" in bench.look(address).text
    drive(bench, patron, "ask")
    assert bench.events_of(lambda: bench.post(f"{address}/confirm")) == [*CHARGED, *BILLED, UPDATED]
    assert now(bench, patron["id"])["status"] == "active"
    assert "There is nothing to pay." in bench.look(address).text
    assert bench.post(f"{address}/pay").status_code == 409


def test_another_card_on_the_invoice_s_page_pays_a_failed_renewal(bench, patron):
    drive(bench, patron, "fail")
    address = latest_invoice(bench, patron)["hosted_invoice_url"].removeprefix(bench.url)
    assert bench.events_of(lambda: bench.post(f"{address}/decline")) == [
        "charge.failed",
        "payment_intent.payment_failed",
    ]
    bench.post(f"{address}/pay")
    assert now(bench, patron["id"])["status"] == "active"


def test_the_debit_of_a_renewal_arrives_later_or_comes_back(bench):
    session = bench.open_patronage()
    bench.press(session, "debit")
    bench.drive("sessions", session["id"], "settle")
    patron = now(bench, bench.session(session)["subscription"])
    assert drive(bench, patron, "renew") == [UPDATED, "charge.pending", "payment_intent.processing"]
    assert now(bench, patron["id"])["status"] == "active"
    assert drive(bench, patron, "settle") == [*DEBITED, *BILLED]
    drive(bench, patron, "renew")
    assert drive(bench, patron, "bounce")[-2:] == ["invoice.payment_failed", UPDATED]
    assert bench.drive("subscriptions", patron["id"], "bounce").status_code == 409


def test_a_payment_tells_which_invoice_it_paid(bench, patron):
    drive(bench, patron, "renew")
    (paid,) = bench.client.v1.invoice_payments.list({"invoice": latest_invoice(bench, patron)["id"]}).data
    wanted = {"type": "payment_intent", "payment_intent": paid.payment.payment_intent}
    assert [found.id for found in bench.client.v1.invoice_payments.list({"payment": wanted}).data] == [paid.id]
    wanted["payment_intent"] = "pi_none"
    assert bench.client.v1.invoice_payments.list({"payment": wanted}).data == []


def test_subscriptions_are_listed_until_they_end(bench, patron):
    subscriptions = bench.client.v1.subscriptions
    assert [found.id for found in subscriptions.list({"customer": patron["customer"]}).data] == [patron["id"]]
    subscriptions.cancel(patron["id"])
    assert subscriptions.list().data == []
    for status in ("all", "canceled", "ended"):
        assert [found.id for found in subscriptions.list({"status": status}).data] == [patron["id"]]


def test_a_subscription_without_any_means_of_payment_is_renewed_by_a_new_card(bench, patron):
    with bench.store.writing() as ledger:
        ledger.save({**ledger.get("subscription", patron["id"]), "default_payment_method": None})
    assert drive(bench, patron, "renew") == [UPDATED, *CHARGED, *BILLED]


def test_a_customer_that_is_deleted_pays_no_more_and_is_named_nowhere(bench, patron):
    happened = bench.events_of(lambda: bench.client.v1.customers.delete(patron["customer"]))
    assert "customer.subscription.deleted" in happened and "customer.deleted" in happened
    assert now(bench, patron["id"])["status"] == "canceled"
    left = bench.client.v1.customers.retrieve(patron["customer"]).to_dict()
    assert left == {"id": patron["customer"], "object": "customer", "deleted": True}
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        bench.client.v1.customers.delete(patron["customer"])
