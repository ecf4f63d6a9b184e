"""What the sandbox says, takes and sends is what Stripe's own OpenAPI file allows; contract.py looks at every test."""

from typing import Any

import pytest
import requests
from flask import Flask

from sandbox.api import api
from sandbox.api.reading import SHOWN
from tests.sandbox import contract, openapi

EXPANSIONS = {
    "checkout/sessions": ("line_items", "payment_intent.latest_charge.balance_transaction", "customer", "subscription"),
    "subscriptions": ("customer", "latest_invoice.payments", "default_payment_method"),
    "charges": ("balance_transaction", "refunds", "payment_intent", "customer"),
    "refunds": ("charge", "balance_transaction"),
    "disputes": ("charge",),
    "balance_transactions": ("source",),
    "invoice_payments": ("invoice",),
}


def answers(bench, path: str) -> dict[str, Any]:
    return requests.get(f"{bench.url}/v1/{path}", auth=("sk_test_1", ""), timeout=10).json()


def live_through_checkout(bench) -> None:
    """Every way through the pay page, once and monthly."""
    for opened in (bench.open_session, bench.open_patronage):
        for ends in (["pay"], ["decline"], ["debit"], ["paypal", "approve"], ["paypal", "refuse"], ["expire"]):
            session = opened()
            for end in ends:
                bench.press(session, end)
        for end in ("settle", "fail"):
            session = opened()
            bench.press(session, "debit")
            bench.drive("sessions", session["id"], end)


def live_through_what_follows(bench) -> None:
    """Renewals, and money that goes back or out."""
    for ends in (["renew"], ["fail"], ["ask"], ["give-up"], ["fail", "renew", "cancel"]):
        session = bench.open_patronage()
        bench.press(session, "pay")
        for end in ends:
            bench.drive("subscriptions", bench.session(session)["subscription"], end)
    for end in ("warn", "inquire", "dispute"):
        bench.drive("charges", bench.paid_charge()["id"], end)
    bench.client.v1.refunds.create({"charge": bench.paid_charge()["id"], "amount": 100})
    bench.drive("balance", "all", "payout")


def test_every_answer_and_every_event_is_valid(bench):
    live_through_checkout(bench)
    live_through_what_follows(bench)
    for path in SHOWN.keys() - {"mandates", "payment_methods"}:  # Stripe lists none of these alone
        page = answers(bench, f"{path}?limit=100")
        assert page["data"], path
        assert page["url"] == f"/v1/{path}"
        answers(bench, f"{path}/{page['data'][0]['id']}")
        for expansion in EXPANSIONS.get(path, ()):
            for each in page["data"][::7]:
                answers(bench, f"{path}/{each['id']}?expand[]={expansion}")
    assert bench.deliver() > 100


def test_what_cannot_be_expanded_is_refused(bench):
    session = bench.open_session()
    refusal = answers(bench, f"checkout/sessions/{session['id']}?expand[]=mode")
    assert "cannot be expanded" in refusal["error"]["message"]


@pytest.mark.parametrize("path", ["checkout/sessions?colour=red", "events/evt_none", "nowhere"])
def test_errors_are_valid(bench, path):
    assert answers(bench, path)["error"]["type"] == "invalid_request_error"


def test_every_route_is_one_of_stripe_s():
    app = Flask("routes")
    app.register_blueprint(api)
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/v1/") and not rule.rule.startswith(contract.UNDOCUMENTED):
            for method in rule.methods & {"GET", "POST", "DELETE"}:
                openapi.operation(method, rule.rule.replace("<", "").replace(">", ""))


BREACHES = {
    "an unknown nested parameter": lambda: openapi.check_request(
        "POST", "/v1/refunds", [("payment_intent", "pi_1"), ("metadata[a][b]", "c")]
    ),
    "an unknown parameter": lambda: openapi.check_request("GET", "/v1/events", [("colour", "red")]),
    "a word for a number": lambda: openapi.check_request("POST", "/v1/refunds", [("amount", "ten")]),
    "a missing parameter": lambda: openapi.check_request("POST", "/v1/webhook_endpoints", [("url", "https://a.example")]),
    "an unknown address": lambda: openapi.check_request("GET", "/v1/nowhere", []),
    "an unknown nested property": lambda: openapi.check_object(
        {"object": "balance", "available": [{"amount": 1, "currency": "eur", "x": 1}], "livemode": False, "pending": []}
    ),
    "an error of no kind": lambda: openapi.check_answer("GET", "/v1/events", 400, {"error": {"type": "oops"}}),
}  # fmt: skip


@pytest.mark.parametrize("name", BREACHES)
def test_the_look_at_stripe_s_file_sees(name):
    with pytest.raises(openapi.NotStripes):
        BREACHES[name]()


def test_a_breach_is_noted_against_the_test(bench):
    session = bench.open_session()
    with bench.store.writing() as ledger:
        ledger.save({**session, "colour": "red"})
    bench.session(session)
    assert "'colour' was unexpected" in contract.breaches.pop()
    with bench.store.writing() as ledger:
        ledger.save({**session, "metadata": {"depth": 1}})
    bench.press(session, "expire")
    bench.deliver()
    assert contract.breaches.pop().startswith("checkout.session.expired")
