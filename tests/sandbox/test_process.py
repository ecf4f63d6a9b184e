"""The sandbox as a process, and who may speak to it."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from sandbox import create_sandbox
from sandbox.loopback import NotLoopback
from sandbox.server import listen

ROOT = Path(__file__).parents[2]
SECRET = "WEBHOOK_SECRET_OF_A_TEST"


def command(folder: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "sandbox", "--port", "0", "--database", str(folder / "sandbox.sqlite3")),
        *("--webhook-url", "http://127.0.0.1:9/", "--webhook-secret-env", SECRET),
        *more,
    ]


def environment(secret: str = "whsec_1,whsec_2") -> dict[str, str]:
    return {**os.environ, SECRET: secret}


def start(arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        arguments, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture
def process(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A running `python -m sandbox` and its address."""
    started = start(command(tmp_path))
    assert started.stdout is not None
    yield started, started.stdout.readline().split()[-1]
    if started.poll() is None:
        started.kill()
    started.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_a_signal_and_ends_well(process, number):
    started, address = process
    assert requests.get(address + "/healthz", timeout=10).text == "ok"
    started.send_signal(number)
    _, complaints = started.communicate(timeout=10)
    assert (started.returncode, complaints) == (0, "")


@pytest.mark.parametrize(
    "more",
    [
        ["--host", "0.0.0.0"],
        ["--host", "192.0.2.1"],
        ["--webhook-url", "http://example.org/hook"],
        ["--base-url", "http://sandbox.example.org"],
        ["--port", "none"],
    ],
)
def test_it_does_not_start_where_others_could_reach_it(tmp_path, more):
    ended = subprocess.run(command(tmp_path, *more), cwd=ROOT, env=environment(), capture_output=True, timeout=20)
    assert ended.returncode == 2
    assert ended.stderr


def test_it_does_not_start_without_a_secret(tmp_path):
    ended = subprocess.run(command(tmp_path), cwd=ROOT, env=environment(""), capture_output=True, timeout=20)
    assert ended.returncode == 2


def test_it_says_that_its_port_is_taken(tmp_path):
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run(
            command(tmp_path, "--port", port), cwd=ROOT, env=environment(), capture_output=True, timeout=20
        )
    assert ended.returncode == 1
    assert port.encode() in ended.stderr


def test_the_app_refuses_addresses_of_other_machines(tmp_path):
    for webhook, base in (("http://example.org/", "http://127.0.0.1"), ("http://127.0.0.1/", "http://example.org")):
        with pytest.raises(NotLoopback):
            create_sandbox(tmp_path / "sandbox.sqlite3", webhook, "whsec_1", base)


def test_another_host_name_for_this_address_is_refused(bench):
    answer = requests.get(bench.url, headers={"Host": "rebound.example.org"}, timeout=10)
    assert answer.status_code == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_another_page_cannot_press_the_buttons(bench, site):
    address = f"{bench.url}/c/pay/{bench.open_session()['id']}/pay"
    assert requests.post(address, headers={"Sec-Fetch-Site": site}, timeout=10).status_code == 403
    assert bench.event_types() == []


def test_the_driving_page_shows_sessions_and_events(bench):
    assert "No session yet." in bench.look("/").text
    session = bench.open_session()
    bench.press(session, "debit")
    page = bench.look("/").text
    for words in (session["id"], "25.00 EUR", "Settle debit", "Fail debit", "checkout.session.completed", "waiting"):
        assert words in page


def test_a_killed_sandbox_still_delivers_what_it_had_answered(tmp_path, receiver):
    arguments = command(tmp_path, "--webhook-url", receiver.url)
    held = start(arguments)
    with held:
        address = held.stdout.readline().split()[-1]
        requests.post(f"{address}/drive/webhooks/all/hold", timeout=10)
        form = {
            "mode": "payment",
            "success_url": "http://127.0.0.1:9/",
            "line_items[0][quantity]": "1",
            "line_items[0][price_data][currency]": "eur",
            "line_items[0][price_data][unit_amount]": "2500",
            "line_items[0][price_data][product_data][name]": "Donation",
        }
        session = requests.post(f"{address}/v1/checkout/sessions", data=form, auth=("sk_test_1", ""), timeout=10).json()
        requests.post(f"{address}/c/pay/{session['id']}/pay", allow_redirects=False, timeout=10)
        held.kill()
    again = start(arguments)
    with again:
        address = again.stdout.readline().split()[-1]
        requests.post(f"{address}/drive/webhooks/all/release", timeout=10)
        receiver.wait_for(4)
        again.kill()
    assert receiver.types()[-1] == "checkout.session.completed"
