"""The customer portal, and the account's webhook endpoints."""

import pytest
import stripe

FEATURES = {
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
    "invoice_history": {"enabled": True},
}


@pytest.fixture
def patron(bench):
    session = bench.open_patronage()
    bench.press(session, "pay")
    return bench.client.v1.subscriptions.retrieve(bench.session(session)["subscription"]).to_dict()


def enter(bench, patron, **params):
    """A way into the portal; its address."""
    params = {"customer": patron["customer"], "return_url": "http://127.0.0.1:9/mine", **params}
    return bench.client.v1.billing_portal.sessions.create(params).url.removeprefix(bench.url)


def now(bench, patron):
    return bench.client.v1.subscriptions.retrieve(patron["id"], {"expand": ["default_payment_method"]}).to_dict()


def test_the_portal_shows_the_subscription_and_the_way_back(bench, patron):
    page = bench.look(enter(bench, patron))
    for words in ("donor@example.org", "25.00 EUR", "every month", "card ending in 4242", "http://127.0.0.1:9/mine"):
        assert words in page.text
    assert "form-action 'self' http://127.0.0.1:9" in page.headers["Content-Security-Policy"]


def test_another_card_pays_from_now_on(bench, patron):
    address = enter(bench, patron)
    happened = bench.events_of(lambda: bench.post(f"{address}/card"))
    assert happened == ["payment_method.attached", "customer.updated", "customer.subscription.updated"]
    assert now(bench, patron)["default_payment_method"]["card"]["last4"] == "4444"
    assert "card ending in 4444" in bench.look(address).text
    bench.drive("subscriptions", patron["id"], "renew")
    charge = bench.client.v1.charges.list({"limit": 1}).data[0]
    assert charge.payment_method_details.card.last4 == "4444"


def test_a_flow_for_the_card_alone_goes_back_by_itself(bench, patron):
    after = {"type": "redirect", "redirect": {"return_url": "http://127.0.0.1:9/done"}}
    address = enter(bench, patron, flow_data={"type": "payment_method_update", "after_completion": after})
    assert "Cancel the subscription" not in bench.look(address).text
    assert bench.post(f"{address}/card").headers["Location"] == "http://127.0.0.1:9/done"


def test_a_subscription_is_cancelled_as_the_configuration_says(bench, patron):
    configurations = bench.client.v1.billing_portal.configurations
    gently = configurations.create({"features": FEATURES, "default_return_url": "http://127.0.0.1:9/"})
    address = enter(bench, patron, configuration=gently.id)
    bench.post(f"{address}/{patron['id']}/cancel")
    assert now(bench, patron)["cancel_at_period_end"] is True
    bench.post(f"{address}/{patron['id']}/keep")
    assert now(bench, patron)["cancel_at_period_end"] is False
    at_once = {"subscription_cancel": {"enabled": True, "mode": "immediately"}}
    changed = configurations.update(gently.id, {"features": at_once, "metadata": {"by": "site"}})
    assert changed.features.payment_method_update.enabled is True
    bench.post(f"{address}/{patron['id']}/cancel")
    assert now(bench, patron)["status"] == "canceled"
    assert "There is no running subscription." in bench.look(address).text


def test_what_the_configuration_does_not_allow_is_refused(bench, patron):
    nothing = bench.client.v1.billing_portal.configurations.create({"features": {"invoice_history": {"enabled": True}}})
    assert nothing.is_default is False
    bench.client.v1.billing_portal.configurations.update(nothing.id, {"active": False})
    assert [found.id for found in bench.client.v1.billing_portal.configurations.list({"active": True}).data] == []
    address = enter(bench, patron, configuration=nothing.id)
    assert bench.post(f"{address}/card").status_code == 409
    assert bench.post(f"{address}/{patron['id']}/cancel").status_code == 409
    assert bench.post(f"{address}/{patron['id']}/steal").status_code == 404


def test_another_customer_s_subscription_is_not_touched(bench, patron):
    other = bench.open_patronage()
    bench.press(other, "pay")
    foreign = bench.session(other)["subscription"]
    assert bench.post(f"{enter(bench, patron)}/{foreign}/cancel").status_code == 409


@pytest.mark.parametrize("params", [{"customer": "cus_none"}, {"configuration": "bpc_none"}, {"locale": "xx"}])
def test_a_way_into_nowhere_is_refused(bench, patron, params):
    with pytest.raises(stripe.InvalidRequestError):
        enter(bench, patron, **params)


def test_webhook_endpoints_are_kept_and_tell_their_secret_once(bench):
    endpoints = bench.client.v1.webhook_endpoints
    made = endpoints.create(
        {
            "url": "https://give.example.org/stripe/webhook",
            "enabled_events": ["charge.refunded", "refund.failed"],
            "api_version": "2026-10-28.endive",
        }
    )
    assert made.secret.startswith("whsec_")
    shown = endpoints.retrieve(made.id).to_dict()
    assert "secret" not in shown
    assert (shown["status"], shown["api_version"]) == ("enabled", "2026-10-28.endive")
    changed = endpoints.update(made.id, {"enabled_events": ["*"], "disabled": True})
    assert (changed.enabled_events, changed.status) == (["*"], "disabled")
    assert [endpoint.id for endpoint in endpoints.list().data] == [made.id]
    assert endpoints.delete(made.id).deleted is True
    assert endpoints.list().data == []


@pytest.mark.parametrize(
    "params", [{"url": "https://a.example"}, {"enabled_events": ["*"]}, {"url": "nowhere", "enabled_events": ["*"]}]
)
def test_half_an_endpoint_is_refused(bench, params):
    with pytest.raises(stripe.InvalidRequestError):
        bench.client.v1.webhook_endpoints.create(params)
