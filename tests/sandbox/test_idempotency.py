"""Idempotency keys: a request that is sent twice happens once."""

import threading

import pytest
import stripe


def gift(amount=2500):
    price = {"currency": "eur", "unit_amount": amount, "product_data": {"name": "Donation"}}
    return [{"quantity": 1, "price_data": price}]


def create(bench, key, **changes):
    return bench.client.v1.checkout.sessions.create({**params(bench), **changes}, {"idempotency_key": key})


def params(bench):
    return {
        "mode": "payment",
        "success_url": "http://127.0.0.1:9/",
        "line_items": gift(),
    }


def test_the_same_key_gets_the_same_session_and_says_so(bench):
    first, second = create(bench, "gift-1"), create(bench, "gift-1")
    assert first.id == second.id
    assert "Idempotent-Replayed" not in first.last_response.headers
    assert second.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(bench.client.v1.checkout.sessions.list().data) == 1


def test_the_same_key_with_another_amount_is_refused(bench):
    create(bench, "gift-1")
    with pytest.raises(stripe.IdempotencyError):
        create(bench, "gift-1", line_items=gift(9900))


def test_a_refused_request_leaves_its_key_free(bench):
    with pytest.raises(stripe.InvalidRequestError):
        create(bench, "gift-1", mode="gift")
    assert create(bench, "gift-1").status == "open"


def test_a_key_is_forgotten_after_a_day(bench):
    first = create(bench, "gift-1")
    bench.ahead = 25 * 60 * 60
    assert create(bench, "gift-1").id != first.id


def test_twins_at_the_same_moment_get_one_session(bench):
    ids: list[str] = []
    start = threading.Barrier(8)

    def ask() -> None:
        start.wait()
        ids.append(create(bench, "gift-1").id)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ids) == 8
    assert len(set(ids)) == 1
