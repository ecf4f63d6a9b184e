"""Opening, reading and ending Checkout Sessions through Stripe's own client."""

import time
from typing import Any

import pytest
import requests
import stripe


def test_a_new_session_is_open_and_can_be_read_again(bench):
    session = bench.open_session()
    assert session["id"].startswith("cs_test_")
    assert session["url"] == f"{bench.url}/c/pay/{session['id']}"
    assert (session["status"], session["payment_status"]) == ("open", "unpaid")
    assert (session["amount_total"], session["currency"]) == (2500, "eur")
    assert session["metadata"] == {"donation": "d-1"}
    assert bench.session(session) == session


def test_line_items_are_shown_where_they_are_asked_for(bench):
    session = bench.open_session()
    assert "line_items" not in session
    expanded = bench.session(session, expand=["line_items"])
    assert [item["description"] for item in expanded["line_items"]["data"]] == ["Donation"]
    listed = bench.client.v1.checkout.sessions.line_items.list(session["id"])
    assert listed.data[0].amount_total == 2500


def test_two_lines_add_up(bench):
    fee = {"currency": "eur", "unit_amount": 63, "product_data": {"name": "Card fee"}}
    line = {"currency": "eur", "unit_amount": 2500, "product_data": {"name": "Donation"}}
    session = bench.open_session(line_items=[{"quantity": 1, "price_data": line}, {"quantity": 1, "price_data": fee}])
    assert session["amount_total"] == 2563


def test_sessions_are_listed_newest_first_page_by_page(bench):
    opened = [bench.open_session()["id"] for _ in range(3)]
    first = bench.client.v1.checkout.sessions.list({"limit": 2})
    assert [session.id for session in first.data] == [opened[2], opened[1]]
    assert first.has_more
    assert [session.id for session in first.auto_paging_iter()] == opened[::-1]
    before = bench.client.v1.checkout.sessions.list({"ending_before": opened[0], "limit": 1})
    assert [session.id for session in before.data] == [opened[1]]


def test_an_expired_session_stays_expired(bench):
    session = bench.open_session()
    assert bench.client.v1.checkout.sessions.expire(session["id"]).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="can be expired"):
        bench.client.v1.checkout.sessions.expire(session["id"])
    assert bench.event_types() == ["checkout.session.expired"]


def test_an_event_names_the_request_that_caused_it(bench):
    session = bench.open_session()
    bench.client.v1.checkout.sessions.expire(session["id"], None, {"idempotency_key": "why"})
    event = bench.client.v1.events.list().data[0]
    assert event.request.idempotency_key == "why"
    assert event.request.id.startswith("req_")


def line(**price: Any) -> list[dict[str, Any]]:
    whole = {"currency": "eur", "unit_amount": 2500, "product_data": {"name": "Donation"}, **price}
    kept = {name: value for name, value in whole.items() if value is not None}
    return [{"quantity": 1, "price_data": kept}]


REFUSED = {
    "unknown parameter": ({"colour": "red"}, "colour", "parameter_unknown"),
    "unknown nested parameter": ({"line_items": line(unit=1)}, "line_items[0][price_data][unit]", "parameter_unknown"),
    "no mode": ({"mode": None}, "mode", "parameter_missing"),
    "a mode that is none": ({"mode": "gift"}, "mode", None),
    "no lines": ({"line_items": None}, "line_items", "parameter_missing"),
    "no way back": ({"success_url": None}, "success_url", "parameter_missing"),
    "a way back that is no URL": ({"success_url": "javascript:alert(1)"}, "success_url", "url_invalid"),
    "no product name": (
        {"line_items": line(product_data={"description": "x"})},
        "line_items[0][price_data][product_data][name]",
        "parameter_missing",
    ),
    "unknown currency": ({"line_items": line(currency="xyz")}, "line_items[0][price_data][currency]", None),
    "a decimal amount": (
        {"line_items": line(unit_amount="25.50")},
        "line_items[0][price_data][unit_amount]",
        "parameter_invalid_integer",
    ),
    "another script's digits": (
        {"line_items": line(unit_amount="٢٥")},
        "line_items[0][price_data][unit_amount]",
        "parameter_invalid_integer",
    ),
    "a negative amount": (
        {"line_items": line(unit_amount=-5)},
        "line_items[0][price_data][unit_amount]",
        "parameter_invalid_integer",
    ),
    "too little": ({"line_items": line(unit_amount=49)}, "line_items", "amount_too_small"),
    "too much": ({"line_items": line(unit_amount=100_000_000)}, "line_items", "amount_too_large"),
    "a third decimal that is not 0": (
        {"line_items": line(currency="kwd", unit_amount=5124)},
        "line_items[0][price_data][unit_amount]",
        "parameter_invalid_integer",
    ),
    "hundredths of a krona": (
        {"line_items": line(currency="isk", unit_amount=50050)},
        "line_items[0][price_data][unit_amount]",
        "parameter_invalid_integer",
    ),
    "a recurring price in payment mode": ({"line_items": line(recurring={"interval": "month"})}, "mode", None),
    "subscription data in payment mode": ({"subscription_data": {"metadata": {"a": "b"}}}, "subscription_data", None),
    "an address without @": ({"customer_email": "donor"}, "customer_email", "email_invalid"),
    "a descriptor with quotes": (
        {"payment_intent_data": {"statement_descriptor_suffix": "GIFT'S"}},
        "payment_intent_data[statement_descriptor_suffix]",
        None,
    ),
    "too much metadata": ({"metadata": {f"k{n}": "v" for n in range(51)}}, "metadata", None),
    "an end in five minutes": ({"expires_at": int(time.time()) + 300}, "expires_at", None),
    "an end in two days": ({"expires_at": int(time.time()) + 172_800}, "expires_at", None),
    "an unknown means of payment": ({"payment_method_types": ["cowrie"]}, "payment_method_types[0]", None),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_stripe_would_refuse_is_refused_by_the_parameter_s_name(bench, name):
    changes, param, code = REFUSED[name]
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        bench.open_session(**changes)
    assert refusal.value.http_status == 400
    assert (refusal.value.param, refusal.value.code) == (param, code)
    assert bench.client.v1.checkout.sessions.list().data == []


@pytest.mark.parametrize("name", ["customer_creation", "payment_intent_data"])
def test_what_belongs_to_payments_is_refused_for_subscriptions(bench, name):
    value = {"customer_creation": "always", "payment_intent_data": {"description": "Donation"}}[name]
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        bench.open_patronage(**{name: value})
    assert refusal.value.param == name


def test_a_subscription_needs_a_recurring_price(bench):
    with pytest.raises(stripe.InvalidRequestError, match="recurring"):
        bench.open_session(mode="subscription", payment_intent_data=None, submit_type=None)


@pytest.mark.parametrize(
    ("currency", "amount"), [("jpy", 500), ("kwd", 5120), ("isk", 50000), ("eur", 99_999_999), ("kzt", 100)]
)
def test_amounts_at_the_edge_are_taken(bench, currency, amount):
    session = bench.open_session(line_items=line(currency=currency, unit_amount=amount))
    assert (session["amount_total"], session["currency"]) == (amount, currency)


def test_a_live_key_is_refused_and_not_repeated(bench):
    with pytest.raises(stripe.AuthenticationError) as refusal:
        bench.client_with("sk_live_51secret").v1.balance.retrieve()
    assert refusal.value.http_status == 401
    assert "51secret" not in str(refusal.value)


@pytest.mark.parametrize("key", ["rk_test_1", "pk_test_1", "nonsense", "sk_test_"])
def test_other_keys_are_refused(bench, key):
    with pytest.raises(stripe.AuthenticationError):
        bench.client_with(key).v1.balance.retrieve()


def test_no_key_is_refused(bench):
    answer = bench.look("/v1/balance")
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_key_may_come_as_bearer_or_as_user_name(bench):
    bearer = {"Authorization": "Bearer sk_test_1"}
    assert requests.get(bench.url + "/v1/balance", headers=bearer, timeout=10).status_code == 200
    assert requests.get(bench.url + "/v1/balance", auth=("sk_test_1", ""), timeout=10).status_code == 200


def test_unknown_objects_and_addresses_are_told_apart(bench):
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        bench.client.v1.checkout.sessions.retrieve("cs_test_none")
    assert (refusal.value.http_status, refusal.value.code) == (404, "resource_missing")
    unknown = requests.get(bench.url + "/v1/unicorns", auth=("sk_test_1", ""), timeout=10)
    assert unknown.status_code == 404
    assert "Unrecognized request URL" in unknown.json()["error"]["message"]


def test_the_api_version_is_echoed(bench):
    answer = bench.client.v1.balance.retrieve()
    assert answer.last_response.headers["Stripe-Version"] == stripe.api_version
    assert answer.last_response.headers["Request-Id"].startswith("req_")


@pytest.mark.parametrize(
    "body", ["a[b=1", "[a]=1", "a=1&a[b]=2", "mode=payment&mode=payment", "a" + "[x]" * 9 + "=1", "line_items=[]"]
)
def test_a_malformed_form_is_refused(bench, body):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = requests.post(
        bench.url + "/v1/checkout/sessions", data=body, headers=form, auth=("sk_test_1", ""), timeout=10
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_a_body_that_is_too_large_is_refused(bench):
    answer = requests.post(
        bench.url + "/v1/checkout/sessions", data={"mode": "x" * 300_000}, auth=("sk_test_1", ""), timeout=10
    )
    assert answer.status_code == 413
