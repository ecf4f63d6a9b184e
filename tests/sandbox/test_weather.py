"""Bad weather on demand: webhooks that wait, get lost, come twice or out of order; an API that is slow, down or silent."""

import time

import pytest
import requests
import stripe

from sandbox.switches import SWITCHES
from tests.sandbox.happenings import PAID


def turn(bench, name, value):
    assert bench.post(f"/drive/switches/{name}/{value}").status_code == 303


@pytest.mark.parametrize("switch", SWITCHES, ids=lambda switch: switch.name)
def test_each_switch_shows_its_state_and_one_button_undoes_it(bench, switch):
    if switch.name == "slow":
        turn(bench, "slow", 30)
    else:
        turn(bench, switch.name, switch.values[-1])
    words = switch.words(switch.values[-1])
    assert f'<span class="errors" role="status">{words}</span>' in bench.look("/").text
    bench.post("/drive/switches/all/reset")
    page = bench.look("/").text
    assert 'role="status"' not in page
    assert f"<span>{switch.usually}</span>" in page


def test_an_unknown_switch_is_not_there(bench):
    assert bench.post("/drive/switches/earthquake/1").status_code == 404


def test_the_next_events_get_lost_and_only_the_list_knows(bench):
    turn(bench, "drop", 2)
    bench.press(bench.open_session(), "pay")
    assert bench.deliver() == 2
    assert bench.receiver.types() == PAID[2:]
    assert bench.deliver(later=86_400) == 0
    lost = bench.client.v1.events.list({"delivery_success": False}).data
    assert [event.type for event in lost] == PAID[1::-1]
    assert bench.look("/").text.count("lost on its way") == 2
    bench.press(bench.open_session(), "pay")
    assert bench.deliver() == 4


def test_the_switch_for_lost_events_counts_down(bench):
    turn(bench, "drop", 5)
    bench.press(bench.open_session(), "pay")
    assert bench.deliver() == 0
    assert "Events get lost on their way: the next 1." in bench.look("/").text


def test_events_are_repeated(bench):
    turn(bench, "repeat", 10)
    bench.press(bench.open_session(), "expire")
    assert bench.deliver() == 10
    assert len({event["id"] for event in bench.receiver.events()}) == 1
    assert len(bench.receiver.received) == 10


def test_events_that_wait_come_in_any_order(bench):
    turn(bench, "hold", 1)
    for _ in range(4):
        bench.press(bench.open_session(), "pay")
    turn(bench, "shuffle", 1)
    turn(bench, "hold", 0)
    assert bench.deliver() == 16
    assert sorted(bench.receiver.types()) == sorted(PAID * 4)
    assert bench.receiver.types() != PAID * 4


def test_the_api_is_down(bench):
    turn(bench, "down", 1)
    with pytest.raises(stripe.APIError) as refusal:
        bench.open_session()
    assert refusal.value.http_status == 500
    assert bench.look("/").status_code == 200
    turn(bench, "down", 0)
    assert len(bench.client.v1.checkout.sessions.list().data) == 0


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, stripe.AuthenticationError), (403, stripe.PermissionError), (429, stripe.RateLimitError)],
)
def test_the_api_turns_everybody_away(bench, status, error):
    turn(bench, "turned_away", status)
    with pytest.raises(error) as refusal:
        bench.open_session()
    assert refusal.value.http_status == status
    turn(bench, "turned_away", 0)
    assert len(bench.client.v1.checkout.sessions.list().data) == 0


def test_the_api_is_slow(bench):
    turn(bench, "slow", 1)
    began = time.monotonic()
    bench.open_session()
    assert time.monotonic() - began >= 1


def test_the_api_says_nothing_at_all(bench):
    turn(bench, "silent", 1)
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{bench.url}/v1/events", auth=("sk_test_1", ""), timeout=0.5)
    assert bench.look("/").status_code == 200
    turn(bench, "silent", 0)
    assert bench.client.v1.events.list().data == []
