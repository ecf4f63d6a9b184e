"""The guards: who may send a form, how much of it, and the headers that stand on every answer."""

import io
import re

import pytest
from flask.testing import FlaskClient

from core.guards import CSP, FORM_LIMIT, HEADERS
from tests.core.conftest import add_routes

ANSWERS = [
    ("GET", "/page", 200), ("HEAD", "/page", 200), ("GET", "/healthz", 200), ("GET", "/nowhere", 404),
    ("GET", "/form", 405),
    ("TRACE", "/page", 405), ("DELETE", "/form", 405), ("OPTIONS", "/form", 200), ("GET", "/fault", 500),
    ("POST", "/form", 200),
    ("GET", "/static/img/mark.svg", 200), ("GET", "/static/nothing", 404), ("GET", "/office/", 302),
    ("GET", "/static/../app.py", 404),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "status"), ANSWERS)
def test_every_kind_of_answer_carries_the_headers(visitor: FlaskClient, method: str, path: str, status: int) -> None:
    answer = visitor.open(path, method=method)
    assert answer.status_code == status
    assert_guarded(answer.headers)


def test_a_refused_body_a_refused_host_and_a_304_carry_them_too(visitor: FlaskClient) -> None:
    assert_guarded(visitor.post("/form", data={"text": "x" * (FORM_LIMIT + 1)}).headers)
    assert_guarded(visitor.get("/page", headers={"Host": "evil.example"}).headers)
    etag = visitor.get("/page").headers["ETag"]
    known = visitor.get("/page", headers={"If-None-Match": etag})
    assert known.status_code == 304
    assert_guarded(known.headers)


def assert_guarded(headers) -> None:
    for name, value in HEADERS.items():
        assert headers[name] == value
    assert headers["Content-Security-Policy"] == CSP.format(form_action="")
    assert headers["Cache-Control"] != ""
    assert "Set-Cookie" not in headers
    assert "Server" not in headers
    assert "Access-Control-Allow-Origin" not in headers


def test_the_policy_allows_nothing_but_own_styles_and_images() -> None:
    policy = dict(part.strip().split(" ", 1) for part in CSP.format(form_action="").split(";"))
    assert policy == {
        "default-src": "'none'", "style-src": "'self'", "img-src": "'self'", "base-uri": "'none'",
        "frame-ancestors": "'none'",
        "form-action": "'self'",
    }  # fmt: skip


def test_a_page_that_leads_to_checkout_says_so(visitor: FlaskClient) -> None:
    assert visitor.get("/give").headers["Content-Security-Policy"].endswith("form-action 'self' http://127.0.0.1:9")


def test_an_answer_is_stored_nowhere_unless_it_says_so(visitor: FlaskClient) -> None:
    for path in ("/nowhere", "/fault", "/give", "/healthz"):
        assert visitor.get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("url", "strict"), [("https://campaign.example", True), ("http://localhost", False)])
def test_strict_transport_is_asked_for_on_https_only(make_app, url: str, strict: bool) -> None:
    public = {
        "SMTP_URL": "smtp://localhost",
        "MAIL_FROM": "a@example.org",
        "ORGANISATION": "O",
        "DATA_CONTROLLER": "D",
        "LIMITS": "on",
        "STRIPE_SECRET_KEY": "",
    }
    app = make_app(SERVER_URL=url, **public)
    header = app.test_client().get("/healthz", base_url=url).headers.get("Strict-Transport-Security", "")
    assert bool(re.fullmatch(r"max-age=(\d{8,}); includeSubDomains", header)) is strict


def test_a_form_of_64_kilobytes_is_read_and_one_more_is_not(visitor: FlaskClient) -> None:
    fits = visitor.post(
        "/form", data=b"text=" + b"x" * (FORM_LIMIT - 5), content_type="application/x-www-form-urlencoded"
    )
    assert (fits.status_code, fits.text) == (200, str(FORM_LIMIT - 5))
    over = visitor.post(
        "/form", data=b"text=" + b"x" * (FORM_LIMIT - 4), content_type="application/x-www-form-urlencoded"
    )
    assert over.status_code == 413


class Untouched(io.BytesIO):
    def read(self, *args: int) -> bytes:
        raise AssertionError("the body was read")


@pytest.mark.parametrize(
    ("path", "size"), [("/form", FORM_LIMIT + 1), ("/form", 10**12), ("/machine", 1001), ("/nowhere", FORM_LIMIT + 1)]
)
def test_a_body_over_the_limit_is_refused_unread(visitor: FlaskClient, path: str, size: int) -> None:
    sent = {"CONTENT_LENGTH": str(size), "wsgi.input": Untouched(), "CONTENT_TYPE": "application/x-www-form-urlencoded"}
    answer = visitor.post(path, environ_overrides=sent)
    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [("/form", 1000, 200), ("/form", FORM_LIMIT * 2, 413), ("/machine", 1000, 200), ("/machine", 1001, 413)],
)
@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain"])
def test_a_chunked_body_is_held_to_the_same_limit(
    visitor: FlaskClient, path: str, size: int, status: int, kind: str
) -> None:
    body = io.BytesIO(b"text=" + b"x" * (size - 5))
    sent = {
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "CONTENT_TYPE": kind,
        "HTTP_TRANSFER_ENCODING": "chunked",
    }
    answer = visitor.post(path, environ_overrides=sent)
    assert answer.status_code == status
    if status == 200 and path == "/machine":
        assert answer.text == str(size)
    if status == 200 and kind != "text/plain" and path == "/form":
        assert answer.text == str(size - 5)


def test_a_form_of_many_parts_is_refused(visitor: FlaskClient) -> None:
    assert visitor.post("/form", data={f"f{n}": (io.BytesIO(b""), "f") for n in range(1001)}).status_code == 413


@pytest.mark.parametrize("content_length", ["-1", "x", "1e3", ""])
def test_a_nonsense_length_breaks_nothing(visitor: FlaskClient, content_length: str) -> None:
    answer = visitor.post("/form", environ_overrides={"CONTENT_LENGTH": content_length})
    assert answer.status_code in (200, 400)


SENDERS = [
    ({}, 200),
    ({"Sec-Fetch-Site": "same-origin"}, 200), ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
    ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-site"}, 403), ({"Sec-Fetch-Site": "none"}, 403),
    ({"Sec-Fetch-Site": ""}, 403), ({"Sec-Fetch-Site": "SAME-ORIGIN"}, 403),
    ({"Sec-Fetch-Site": "same-origin, cross-site"}, 403),
    ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
    ({"Origin": "http://localhost"}, 200), ({"Origin": "null"}, 403), ({"Origin": ""}, 403),
    ({"Origin": "http://evil.example"}, 403),
    ({"Origin": "https://localhost"}, 403), ({"Origin": "http://localhost:81"}, 403),
    ({"Origin": "http://localhost.evil.example"}, 403),
    ({"Origin": "http://localhost/"}, 403), ({"Origin": "localhost"}, 403), ({"Origin": "http://evil.example",
    "Referer": "http://localhost/"}, 403),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "status"), SENDERS, ids=str)
def test_a_form_is_taken_from_our_own_pages_only(visitor: FlaskClient, headers: dict[str, str], status: int) -> None:
    assert visitor.post("/form", headers=headers).status_code == status
    assert visitor.post("/machine", headers=headers).status_code == 200
    assert visitor.get("/page", headers=headers).status_code == 200


def test_the_canonical_origin_is_ours_behind_a_proxy_that_keeps_silent(make_app) -> None:
    public = {
        "SMTP_URL": "smtp://localhost",
        "MAIL_FROM": "a@example.org",
        "ORGANISATION": "O",
        "DATA_CONTROLLER": "D",
        "LIMITS": "on",
        "STRIPE_SECRET_KEY": "",
    }
    visitor = add_routes(make_app(SERVER_URL="https://campaign.example", **public)).test_client()
    sent = {"base_url": "http://campaign.example"}
    assert visitor.post("/form", headers={"Origin": "https://campaign.example"}, **sent).status_code == 200
    assert visitor.post("/form", headers={"Origin": "https://evil.example"}, **sent).status_code == 403


@pytest.mark.parametrize("path", ["/petitions/%00", "/petitions/a%00b.json", "/cases/%00", "/donate/%00", "/%00"])
def test_a_nul_in_an_address_is_no_page(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404
    assert client.post(f"{path}/sign").status_code == 404
