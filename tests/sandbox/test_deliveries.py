"""Webhooks: signed, repeated until they are taken, and never lost."""

import pytest
import stripe


def test_deliveries_are_signed_as_stripe_signs_them(bench):
    bench.press(bench.open_session(), "pay")
    assert bench.deliver() == 4
    for body, header in bench.receiver.received:
        event = stripe.Webhook.construct_event(body, header, bench.secret)
        assert event.api_version == stripe.api_version
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body, header, "whsec_another")


def test_events_arrive_in_the_order_in_which_they_happened(bench):
    bench.press(bench.open_session(), "pay")
    bench.deliver()
    assert bench.receiver.types() == bench.event_types()


def test_a_delivered_event_is_not_sent_again(bench):
    bench.press(bench.open_session(), "expire")
    assert (bench.deliver(), bench.deliver(later=86_400)) == (1, 0)
    assert bench.client.v1.events.list().data[0].pending_webhooks == 0


@pytest.mark.parametrize("status", [500, 400, 302, 404])
def test_whatever_is_not_2xx_is_tried_again_after_a_pause(bench, status):
    bench.receiver.statuses = [status, status]
    bench.running.sandbox.courier.pause_factor = 1
    bench.press(bench.open_session(), "expire")
    assert (bench.deliver(), bench.deliver()) == (1, 0)
    assert bench.client.v1.events.list().data[0].pending_webhooks == 1
    assert f"last answer {status}" in bench.look("/").text
    assert (bench.deliver(later=1), bench.deliver(later=5), bench.deliver(later=60)) == (1, 1, 0)
    assert len({body for body, _ in bench.receiver.received}) == 1
    assert len(bench.receiver.received) == 3


def test_the_pauses_grow_and_end_after_three_days(bench):
    bench.receiver.statuses = [500] * 12
    bench.press(bench.open_session(), "expire")
    courier = bench.running.sandbox.courier
    courier.pause_factor = 1
    pauses = [courier.pause_after(failures) for failures in range(1, 12)]
    assert pauses == [0.5, 1, 2, 5, 15, 60, 300, 900, 3600, 3600, 3600]
    assert bench.deliver(later=3 * 86_400 + 2) == 1
    assert bench.deliver(later=30 * 86_400) == 0
    assert "given up" in bench.look("/").text


def test_an_address_that_does_not_answer_is_tried_again(bench):
    courier = bench.running.sandbox.courier
    real, courier.url = courier.url, "http://127.0.0.1:9/"
    bench.press(bench.open_session(), "expire")
    assert bench.deliver() == 1
    assert "ConnectionError" in bench.look("/").text
    courier.url = real
    assert bench.deliver(later=1) == 1
    assert bench.receiver.types() == ["checkout.session.expired"]


def test_a_restart_continues_where_the_last_run_ended(start_bench, receiver):
    first = start_bench()
    with first.running:
        session = first.open_session()
        first.press(session, "pay")
    second = start_bench(deliver=True)
    with second.running:
        receiver.wait_for(4)
        assert second.session(session)["status"] == "complete"
    assert receiver.types()[-1] == "checkout.session.completed"


def test_the_running_sandbox_delivers_by_itself_also_after_a_failure(start_bench, receiver):
    receiver.statuses = [500]
    bench = start_bench(deliver=True)
    with bench.running:
        bench.press(bench.open_session(), "pay")
        receiver.wait_for(5)
    assert sorted(receiver.types()).count("payment_intent.succeeded") == 2


def test_the_running_sandbox_expires_sessions_by_itself(start_bench, receiver):
    first = start_bench()
    with first.running:
        session = first.open_session()
    second = start_bench(deliver=True)
    second.ahead = 24 * 60 * 60 + 1
    with second.running:
        receiver.wait_for(1)
        assert second.session(session)["status"] == "expired"
    assert receiver.types() == ["checkout.session.expired"]


def test_an_event_can_be_sent_again_by_hand(bench):
    bench.press(bench.open_session(), "expire")
    bench.deliver()
    event = bench.client.v1.events.list().data[0]
    assert bench.drive("events", event.id, "again").status_code == 303
    assert bench.deliver() == 1
    assert [sent["id"] for sent in bench.receiver.events()] == [event.id, event.id]
    assert bench.drive("events", "evt_none", "again").status_code == 404


def test_held_webhooks_wait_for_their_release(bench):
    bench.drive("webhooks", "all", "hold")
    bench.press(bench.open_session(), "expire")
    assert "Webhooks are held back." in bench.look("/").text
    assert bench.deliver(later=60) == 0
    bench.drive("webhooks", "all", "release")
    assert bench.deliver() == 1


def test_a_refused_act_sends_nothing(bench):
    session = bench.open_session(payment_method_types=["card"])
    assert bench.press(session, "debit").status_code == 409
    assert bench.event_types() == []
    assert bench.deliver() == 0
