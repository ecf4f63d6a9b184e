"""What Stripe is told of this site once."""

import json
from typing import Any

import requests as http

from core.switches import switches
from donations.connect import EVENTS
from donations.handlers import HANDLERS
from donations.stripe_gateway import API_VERSION
from tests.conftest import BASE
from tests.donations.conftest import Stand, sibling

KEY = (BASE["STRIPE_SECRET_KEY"], "")


def connect(stand: Stand, *options: str) -> tuple[int, dict[str, Any]]:
    done = stand.app.test_cli_runner().invoke(args=["donations", "connect", "--json", *options])
    return done.exit_code, json.loads(done.stdout)


def listed(stand: Stand, path: str) -> list[dict[str, Any]]:
    answer = http.get(f"{stand.url}/v1/{path}", auth=KEY, timeout=5)
    answer.raise_for_status()
    return list(answer.json()["data"])


def test_connecting_makes_an_endpoint_and_a_portal_once(stand: Stand) -> None:
    assert connect(stand, "--check")[0] == 1
    code, made = connect(stand)
    assert code == 0 and made["secret"].startswith("whsec_") and made["url"].endswith("/stripe/webhook")
    (endpoint,) = listed(stand, "webhook_endpoints")
    assert (endpoint["api_version"], endpoint["url"]) == (API_VERSION, made["url"])
    assert set(endpoint["enabled_events"]) == set(EVENTS) >= set(HANDLERS)
    features = listed(stand, "billing_portal/configurations?active=true")[-1]["features"]
    assert features["payment_method_update"]["enabled"] and not features["subscription_cancel"]["enabled"]
    code, again = connect(stand)
    assert (code, again["endpoint"], again["portal"], again["secret"]) == (0, made["endpoint"], made["portal"], "")
    assert connect(stand, "--check") == (0, {**again, "wrong": []})
    with stand.app.app_context():
        assert switches().portal == made["portal"]


def test_an_endpoint_of_another_version_is_replaced_and_one_that_lacks_events_is_mended(stand: Stand) -> None:
    url = "http://localhost/stripe/webhook"
    old = {"url": url, "enabled_events[0]": "invoice.paid", "api_version": "2024-06-20"}
    http.post(f"{stand.url}/v1/webhook_endpoints", old, auth=KEY, timeout=5).raise_for_status()
    code, report = connect(stand, "--check")
    assert code == 1 and any("2024-06-20" in one for one in report["wrong"])
    assert connect(stand)[1]["secret"]
    assert sorted(one["status"] for one in listed(stand, "webhook_endpoints")) == ["disabled", "enabled"]
    mine = connect(stand, "--check")[1]["endpoint"]
    path = f"{stand.url}/v1/webhook_endpoints/{mine}"
    http.post(path, {"enabled_events[0]": "invoice.paid"}, auth=KEY, timeout=5).raise_for_status()
    code, report = connect(stand, "--check")
    assert code == 1 and any(one.startswith("not sent: ") for one in report["wrong"])
    connect(stand)
    assert connect(stand, "--check")[0] == 0


def test_a_site_without_a_webhook_secret_gets_its_first_one(stand: Stand) -> None:
    fresh = sibling(stand.app, STRIPE_SECRET_KEY="", STRIPE_WEBHOOK_SECRETS="", STRIPE_API_BASE=stand.url)
    run = fresh.test_cli_runner().invoke
    done = run(args=["donations", "connect", "--json", "--key-stdin"], input=f"{KEY[0]}\n")
    assert done.exit_code == 0 and json.loads(done.stdout)["secret"].startswith("whsec_")
    assert run(args=["donations", "connect", "--key-stdin"], input="pk_test_1\n").exit_code == 2


def test_without_a_key_or_with_stripe_away_it_says_so(stand: Stand) -> None:
    none = sibling(stand.app, STRIPE_SECRET_KEY="", STRIPE_WEBHOOK_SECRETS="", STRIPE_API_BASE="")
    assert none.test_cli_runner().invoke(args=["donations", "connect"]).exit_code == 2
    away = sibling(stand.app, STRIPE_API_BASE="http://127.0.0.1:9")
    done = away.test_cli_runner().invoke(args=["donations", "connect"])
    assert done.exit_code == 1 and "does not answer" in done.stderr
