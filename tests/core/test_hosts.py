"""The host that a request names, and what a proxy may say of it: our own names only, from nobody who is not trusted."""

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from tests.core.conftest import add_routes

HOSTS = [
    "evil.example",
    "localhost.evil.example",
    "evil.example:80",
    "localhost@evil.example",
    "",
    "localhost\\evil",
    "a" * 5000,
    "[::2]",
    "xn--e1afmkfd",
]


@pytest.mark.parametrize("host", HOSTS)
def test_a_hostile_host_is_refused(visitor: FlaskClient, host: str) -> None:
    for method in ("GET", "POST"):
        answer = visitor.open("/form" if method == "POST" else "/page", method=method, headers={"Host": host})
        assert answer.status_code == 400
        assert "evil" not in answer.text


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "localhost:8000", "127.0.0.1:1"])
def test_our_own_hosts_are_not(visitor: FlaskClient, host: str) -> None:
    assert visitor.get("/page", headers={"Host": host}).status_code == 200


def test_forwarding_headers_change_nothing_without_a_trusted_proxy(own: Flask) -> None:
    own.add_url_rule("/seen", view_func=lambda: f"{request.url} {request.remote_addr}", endpoint="seen")
    lies = {
        "X-Forwarded-For": "203.0.113.7", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https",
        "X-Forwarded-Port": "81",
        "X-Forwarded-Prefix": "/evil", "Forwarded": "for=203.0.113.7;host=evil.example;proto=https",
        "X-Original-URL": "/office/",
        "X-Rewrite-URL": "/office/", "X-HTTP-Method-Override": "POST",
    }  # fmt: skip
    assert own.test_client().get("/seen", headers=lies).text == "http://localhost/seen 127.0.0.1"


def test_a_trusted_proxys_host_is_held_to_the_same_list(make_app) -> None:
    visitor = add_routes(make_app(TRUSTED_PROXIES="1")).test_client()
    assert visitor.get("/page", headers={"X-Forwarded-Host": "evil.example"}).status_code == 400
    assert visitor.get("/page", headers={"X-Forwarded-Host": "localhost"}).status_code == 200
