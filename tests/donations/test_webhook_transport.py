"""Who may knock at the webhook, and with what. Numbers are those of the list of cases that must hold."""

import hmac
import json
import time
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from config import SettingError
from tests.conftest import BASE, WEBHOOK_SECRET
from tests.donations.conftest import World, sibling
from tests.donations.events import completed, event, post, send, signed

OTHER_SECRET = "whsec_" + "an0therSecretAltogether" * 2


def nothing_stored(world: World) -> bool:
    return world.outcomes() == [] and world.payments() == [] and world.alarms() == []


def test_01_wrong_secret_is_400_and_nothing_is_stored(client: FlaskClient, world: World) -> None:
    assert send(client, completed(world.gift()), secret=OTHER_SECRET).status_code == 400
    assert nothing_stored(world)


def test_02_no_header_is_400(client: FlaskClient, world: World) -> None:
    assert post(client, json.dumps(completed(world.gift())).encode(), None).status_code == 400
    assert nothing_stored(world)


def test_03_only_an_old_scheme_is_400(client: FlaskClient, world: World) -> None:
    text = json.dumps(completed(world.gift()))
    assert post(client, text.encode(), signed(text).replace("v1=", "v0=")).status_code == 400
    assert nothing_stored(world)


@pytest.mark.parametrize("header", ["", "t=,v1=", "v1=abc", "t=1e3,v1=00", "t=1,v1=é", "x" * 5000, "t==1,v1=a=b"])
def test_03_a_header_that_is_none_is_400(client: FlaskClient, world: World, header: str) -> None:
    assert post(client, b"{}", header.encode("latin-1").decode("latin-1")).status_code == 400
    assert nothing_stored(world)


def test_04_a_timestamp_302_seconds_old_is_400(client: FlaskClient, world: World) -> None:
    body = completed(world.gift())
    assert send(client, body, at=-302).status_code == 400
    assert nothing_stored(world)
    assert send(client, body, at=-290).status_code == 200


def test_05_a_timestamp_a_day_ahead_is_400(client: FlaskClient, world: World) -> None:
    body = completed(world.gift())
    assert send(client, body, at=86400).status_code == 400
    assert send(client, body, at=302).status_code == 400
    assert nothing_stored(world)
    assert send(client, body, at=290).status_code == 200


def test_06_a_body_that_was_serialised_again_is_400(client: FlaskClient, world: World) -> None:
    body = completed(world.gift())
    header = signed(json.dumps(body, indent=2))
    assert post(client, json.dumps(body).encode(), header).status_code == 400
    assert nothing_stored(world)


def test_07_old_and_new_secret_are_both_accepted_until_one_is_removed(app: Flask, world: World) -> None:
    both = sibling(app, STRIPE_WEBHOOK_SECRETS=f"{OTHER_SECRET} {WEBHOOK_SECRET}").test_client()
    first, second = world.gift(), world.gift()
    assert send(both, completed(first)).status_code == 200
    assert send(both, completed(second), secret=OTHER_SECRET).status_code == 200
    assert len(world.payments()) == 2
    after = sibling(app, STRIPE_WEBHOOK_SECRETS=OTHER_SECRET).test_client()
    assert send(after, completed(world.gift())).status_code == 400
    assert send(after, completed(world.gift()), secret=OTHER_SECRET).status_code == 200
    assert len(world.payments()) == 3


def test_08_a_key_without_a_webhook_secret_does_not_start(tmp_path_factory: pytest.TempPathFactory) -> None:
    own = {"UNDERSIGNED_DATA": str(tmp_path_factory.mktemp("boot")), "STRIPE_WEBHOOK_SECRETS": ""}
    with pytest.raises(SettingError, match="STRIPE_WEBHOOK_SECRETS"):
        create_app({**BASE, **own})


def test_08_with_neither_giving_is_off(app: Flask, world: World) -> None:
    off = sibling(app, STRIPE_SECRET_KEY="", STRIPE_WEBHOOK_SECRETS="").test_client()
    page = off.get("/donate")
    assert page.status_code == 200
    assert "Giving is closed at the moment" in page.text
    assert "<form" not in page.text
    refused = off.post("/donate", data={"amount": "25"})
    assert refused.status_code == 409
    assert "no money was taken" in refused.text
    assert send(off, completed(world.gift())).status_code == 400
    assert nothing_stored(world)


def test_09_a_body_over_the_limit_is_413(client: FlaskClient, world: World) -> None:
    gift = world.gift()
    assert send(client, completed(gift, padding="x" * 600_000)).status_code == 413
    assert nothing_stored(world)
    assert send(client, completed(gift, padding="x" * 400_000)).status_code == 200


@pytest.mark.parametrize(
    "text",
    ["{", "null", "[]", "{}", "", "1", '"event"', "[" * 100_000, '{"object": "event"}',
     '{"object": "event", "id": null, "type": null}', '{"object":"event","id":"evt_1","type":"a","data":[],"created":1}',
     '{"object":"event","id":"evt_1","type":"a","data":{"object":1},"created":1,"livemode":false}',
     '{"object":"event","id":"evt_1","type":"a","data":{"object":{}},"created":1e400,"livemode":false}',
     '{"object":"event","id":"evt_1","type":"a","data":{"object":{}},"created":99999999999999999,"livemode":false}',
     '{"object":"event","id":"evt_\\u0000","type":"a","data":{"object":{}},"created":1,"livemode":false}'],
)  # fmt: skip
def test_10_signed_nonsense_is_400_never_500(client: FlaskClient, world: World, text: str) -> None:
    assert send(client, text).status_code == 400
    assert nothing_stored(world)


def test_10_a_signed_body_that_is_no_text_is_400(client: FlaskClient, world: World) -> None:
    raw, now = b"\xff\xfe{}", int(time.time())
    mark = hmac.digest(WEBHOOK_SECRET.encode(), f"{now}.".encode() + raw, "sha256").hex()
    assert post(client, raw, f"t={now},v1={mark}").status_code == 400
    assert nothing_stored(world)


def test_11_an_event_of_the_other_mode_is_400_and_an_alarm(client: FlaskClient, world: World) -> None:
    live = {**completed(world.gift()), "livemode": True}
    assert send(client, live).status_code == 400
    assert send(client, live).status_code == 400
    assert world.outcomes() == []
    assert world.payments() == []
    assert world.alarms() == ["stripe-livemode"]


def test_12_a_thin_event_of_the_second_version_is_400(client: FlaskClient, world: World) -> None:
    thin = {
        "id": "evt_thin", "object": "v2.core.event", "type": "v1.checkout.session.completed", "livemode": False,
        "created": "2026-11-24T10:00:00.000Z", "related_object": {"id": "cs_1", "type": "checkout.session"},
    }  # fmt: skip
    assert send(client, thin).status_code == 400
    assert nothing_stored(world)


def test_13_get_is_405(client: FlaskClient) -> None:
    assert client.get("/stripe/webhook").status_code == 405


def test_13_post_needs_no_token_cookie_or_origin(client: FlaskClient, world: World) -> None:
    text = json.dumps(completed(world.gift()))
    headers = {"Stripe-Signature": signed(text), "Origin": "https://stripe.example", "Sec-Fetch-Site": "cross-site"}
    answer = client.post("/stripe/webhook", data=text, headers=headers)
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers
    assert world.outcomes() == ["applied"]


@pytest.mark.parametrize("kind", ["customer.subscription.created", "brand.new.type"])
def test_14_an_unknown_type_is_recorded_and_does_nothing(client: FlaskClient, world: World, kind: str) -> None:
    subject: dict[str, Any] = {"id": "sub_1", "object": "subscription"}
    assert send(client, event(kind, subject)).status_code == 200
    assert world.outcomes() == ["ignored"]
    assert world.payments() == []
    assert world.alarms() == []


@pytest.mark.parametrize("odd", ["a\0b", "\ud800"])
def test_10_texts_that_no_database_takes_are_not_500(client: FlaskClient, world: World, odd: str) -> None:
    gift = world.gift()
    for number, changed in enumerate(({"id": odd}, {"client_reference_id": odd}, {"currency": odd})):
        body = {**completed(gift, **changed), "id": f"evt_odd_{number}"}
        assert send(client, body).status_code == 200
