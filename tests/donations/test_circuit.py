"""A Stripe that is slow or down: donors read so within five seconds, then at once; who signs notices nothing."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from flask import Flask, jsonify

from donations.guards.circuit import AT_ONCE, FAILURES, REST, Circuit
from tests.donations.conftest import Stand, World, served, sibling
from tests.donations.pages import fields, give, value_of
from tests.donations.test_checkout import silent_server
from tests.factories import make_petition

CANNOT = "The payment page cannot be opened just now"


@dataclass
class Moody:
    """A Stripe that answers as it is told, and counts who asked. While `held` is taken, it keeps everybody waiting."""

    url: str = ""
    status: int = 500
    asked: int = 0
    held: threading.Lock = field(default_factory=threading.Lock)

    def answer(self) -> Any:
        self.asked += 1
        session: dict[str, Any] = {
            "id": f"cs_test_{self.asked}",
            "object": "checkout.session",
            "url": "http://127.0.0.1:9/c",
        }
        session["expires_at"] = 2_000_000_000
        with self.held:
            return (jsonify(session), 200) if self.status == 200 else (jsonify(error={"message": "x"}), self.status)


@pytest.fixture
def moody() -> Iterator[Moody]:
    stripe, app = Moody(), Flask("moody")
    app.add_url_rule("/v1/checkout/sessions", "answer", stripe.answer, methods=["POST"])
    with served(app) as stripe.url:
        yield stripe


@dataclass
class Hands:
    """The circuit's clock, turned by hand."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def site(app: Flask, moody: Moody, hands: Hands) -> Flask:
    site = sibling(app, STRIPE_API_BASE=moody.url, PAGE_CACHE="off")
    site.extensions["stripe-circuit"] = Circuit(hands)
    return site


def press(site: Flask, amount: int) -> Any:
    return give(site.test_client(), amount=str(amount))


def test_after_five_failures_in_a_row_nobody_waits_for_half_a_minute(
    site: Flask, moody: Moody, hands: Hands, world: World
) -> None:
    assert [press(site, 10 + number).status_code for number in range(FAILURES)] == [503] * FAILURES
    hands.now += 1
    answer = press(site, 31)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, str(int(REST) - 1))
    assert CANNOT in answer.text and "nothing is lost" in answer.text
    assert value_of(answer.text, "amount") == "31"
    assert value_of(answer.text, "name") == "Dana Donor"
    assert moody.asked == FAILURES, "nobody was asked once it was open"


def test_four_failures_and_a_success_do_not_open_it(site: Flask, moody: Moody) -> None:
    for number in range(2 * FAILURES):
        moody.status = 200 if number % FAILURES == FAILURES - 1 else 500
        press(site, 10 + number)
    assert moody.asked == 2 * FAILURES


@pytest.mark.parametrize("status", [400, 401, 403, 429])
def test_an_answer_that_refuses_is_an_answer(site: Flask, moody: Moody, status: int) -> None:
    moody.status = status
    assert [press(site, 10 + number).status_code for number in range(7)] == [503] * 7
    assert moody.asked == 7


def test_a_stripe_that_is_not_there_opens_it_too(app: Flask) -> None:
    site = sibling(app)  # nobody listens on its port
    assert [CANNOT in press(site, 10 + number).text for number in range(6)] == [False] * FAILURES + [True]


def test_after_half_a_minute_one_trial_decides(site: Flask, moody: Moody, hands: Hands) -> None:
    for number in range(FAILURES):
        press(site, 10 + number)
    hands.now += REST
    assert CANNOT not in press(site, 20).text
    assert CANNOT in press(site, 21).text, "the trial failed: another half minute"
    assert moody.asked == FAILURES + 1
    hands.now += REST
    moody.status = 200
    assert [press(site, 30 + number).status_code for number in range(3)] == [303] * 3
    assert moody.asked == FAILURES + 4


def test_while_the_trial_is_under_way_nobody_else_is_let_through(site: Flask, moody: Moody, hands: Hands) -> None:
    for number in range(FAILURES):
        press(site, 10 + number)
    hands.now += REST
    moody.status = 200
    with ThreadPoolExecutor(1) as pool:
        with moody.held:
            trial = pool.submit(press, site, 20)
            until(lambda: moody.asked == FAILURES + 1)
            other = press(site, 21)
        assert trial.result().status_code == 303
    assert (other.status_code, CANNOT in other.text) == (503, True)
    assert moody.asked == FAILURES + 1


def test_at_most_eight_wait_for_stripe_and_the_others_are_told_at_once(site: Flask, moody: Moody) -> None:
    moody.status = 200
    filled = [fields(site.test_client(), amount=str(10 + number)) for number in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE + 1) as pool:
        with moody.held:
            waiting = [pool.submit(site.test_client().post, "/donate", data=one) for one in filled]
            until(lambda: moody.asked == AT_ONCE)
            began = time.monotonic()
            one_more = press(site, 30)
            assert time.monotonic() - began < 2
            twin = pool.submit(site.test_client().post, "/donate", data=filled[0])
        assert [one.result().status_code for one in waiting] == [303] * AT_ONCE
        assert twin.result().headers["Location"] == waiting[0].result().headers["Location"], (
            "a double click is no crowd"
        )
    assert (one_more.status_code, one_more.headers["Retry-After"], CANNOT in one_more.text) == (503, "5", True)
    assert press(site, 31).status_code == 303, "it was no failure of Stripe's"


def until(true: Any) -> None:
    deadline = time.monotonic() + 4
    while not true():
        assert time.monotonic() < deadline, "in vain"
        threading.Event().wait(0.01)


def test_the_page_says_so_while_it_is_open_to_everybody_alike(site: Flask, hands: Hands) -> None:
    client = site.test_client()
    quiet = client.get("/donate")
    for number in range(FAILURES):
        press(site, 10 + number)
    pages = [site.test_client().get("/donate") for _ in range(2)]
    assert [page.status_code for page in pages] == [200, 200]
    assert pages[0].text == pages[1].text
    assert all(CANNOT in page.text and "public" in page.headers["Cache-Control"] for page in pages)
    assert all("Set-Cookie" not in page.headers for page in pages)
    assert CANNOT not in quiet.text
    hands.now += REST
    assert CANNOT not in client.get("/donate").text


def test_signing_goes_on_while_it_is_open(site: Flask) -> None:
    with site.app_context():
        slug = make_petition().slug
    for number in range(FAILURES):
        press(site, 10 + number)
    client = site.test_client()
    filled = {
        "name": "Ada Example", "email": "ada@example.org", "country": "IE", "visibility": "recipients",
        "token": fields(client)["token"],
    }  # fmt: skip
    assert client.post(f"/petitions/{slug}/sign", data=filled).status_code == 303


@contextmanager
def full_server() -> Iterator[str]:
    """Takes no connection: its queue is full, and who knocks hears nothing."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        knocking = [socket.socket() for _ in range(4)]
        for one in knocking:
            one.setblocking(False)
            one.connect_ex(listening.getsockname())
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            for one in knocking:
                one.close()


@contextmanager
def dripping_server() -> Iterator[str]:
    """Answers a byte at a time and never comes to an end."""
    over = threading.Event()

    def drip(to: socket.socket) -> None:
        with to:
            to.recv(65536)
            to.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
            while not over.wait(0.3):
                to.sendall(b" ")

    def take(listening: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=take, args=(listening,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            over.set()


@pytest.mark.parametrize("stripe", [silent_server, full_server, dripping_server])
def test_the_donor_is_told_within_five_seconds(app: Flask, stripe: Any) -> None:
    with stripe() as url:
        client = sibling(app, STRIPE_API_BASE=url).test_client()
        filled = fields(client)
        for last in (False, True):  # a busy machine may be slow once
            began = time.monotonic()
            answer = client.post("/donate", data=filled)
            if (waited := time.monotonic() - began) < 5 or last:
                break
    assert waited < 5
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert "did not open" in answer.text


def test_a_session_that_is_open_already_is_offered_though_stripe_is_away(stand: Stand) -> None:
    client = stand.app.test_client()
    filled = fields(client)
    first = client.post("/donate", data=filled).headers["Location"]
    circuit = stand.app.extensions["stripe-circuit"]
    for _ in range(FAILURES):
        with pytest.raises(ConnectionError), circuit.call("x", ConnectionError):
            raise ConnectionError
    assert circuit.open
    assert client.post("/donate", data=filled).headers["Location"] == first
