"""The page cache: a public page is rendered once a second, whoever asks; everything else passes by."""

from collections.abc import Callable

import pytest
from flask import Flask, Response, make_response, request
from flask.testing import FlaskClient

from core.cache import LARGEST_BODY, MOST_ENTRIES, PageCache
from core.guards import cacheable


class Site:
    """An app with a cacheable page, a clock that the test moves, and a count of what reached the app."""

    def __init__(self, app: Flask) -> None:
        self.now = 1000.0
        self.rendered: list[str] = []
        self.app = app
        app.before_request(lambda: self.rendered.append(f"{request.method} {request.full_path}"))
        app.wsgi_app = PageCache(app.wsgi_app.app, clock=lambda: self.now)  # type: ignore[attr-defined,method-assign]
        self.cache: PageCache = app.wsgi_app

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client(use_cookies=False)


def page(body: str = "page", status: int = 200, **headers: str) -> Callable[..., Response]:
    def view(rest: str = "") -> Response:
        response = cacheable(make_response(body or rest, status))
        response.headers.update(headers)
        return response

    return view


@pytest.fixture
def site(make_app) -> Site:
    app = make_app()
    app.add_url_rule("/page", view_func=page(), methods=["GET", "POST"], endpoint="page")
    app.add_url_rule("/echo/<path:rest>", view_func=page(""), endpoint="echo")
    app.add_url_rule("/cookie", view_func=page(**{"Set-Cookie": "a=b"}), endpoint="cookie")
    app.add_url_rule("/missing", view_func=page(status=404), endpoint="missing")
    app.add_url_rule("/no-store", view_func=page(**{"Cache-Control": "no-store"}), endpoint="no_store")
    app.add_url_rule("/private", view_func=page(**{"Cache-Control": "private, max-age=60"}), endpoint="private")
    app.add_url_rule("/large", view_func=page("x" * (LARGEST_BODY + 1)), endpoint="large")
    app.add_url_rule("/ten", view_func=lambda: cacheable(make_response("ten"), seconds=10), endpoint="ten")
    return Site(app)


def test_a_second_request_within_its_second_does_not_reach_the_app(site: Site) -> None:
    first = site.client.get("/page")
    site.now += 0.99
    second = site.client.get("/page")
    assert len(site.rendered) == 1
    assert (second.status_code, second.data, second.headers) == (200, b"page", first.headers)


def test_after_its_second_the_app_is_asked_again(site: Site) -> None:
    site.client.get("/page")
    site.now += 1
    site.client.get("/page")
    assert len(site.rendered) == 2


def test_an_entry_lives_as_long_as_its_page_says(site: Site) -> None:
    site.client.get("/ten")
    site.now += 9.9
    site.client.get("/ten")
    assert len(site.rendered) == 1
    site.now += 0.1
    site.client.get("/ten")
    assert len(site.rendered) == 2


@pytest.mark.parametrize("kept", [True, False], ids=["from the cache", "from the app"])
def test_whoever_has_the_page_is_told_so(site: Site, kept: bool) -> None:
    etag = site.client.get("/page").headers["ETag"]
    site.now += 0 if kept else 1
    for known in (etag, f"W/{etag}", f'"other", {etag}'):
        answer = site.client.get("/page", headers={"If-None-Match": known})
        assert (answer.status_code, answer.data) == (304, b"")
        assert answer.headers["ETag"] == etag
        assert "s-maxage=1" in answer.headers["Cache-Control"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(site.rendered) == (1 if kept else 2)


@pytest.mark.parametrize("known", ['"other"', '""', "nonsense", ""])
def test_whoever_has_another_page_gets_this_one(site: Site, known: str) -> None:
    for _ in range(2):
        answer = site.client.get("/page", headers={"If-None-Match": known})
        assert (answer.status_code, answer.data) == (200, b"page")


def test_the_first_askers_condition_is_not_kept_for_the_others(site: Site) -> None:
    etag = site.client.get("/page").headers["ETag"]
    site.now += 1
    assert site.client.get("/page", headers={"If-None-Match": etag}).status_code == 304
    assert site.client.get("/page").data == b"page"


@pytest.mark.parametrize(
    "path", ["/cookie", "/missing", "/no-store", "/private", "/nowhere", "/static/img/mark.svg", "/healthz"]
)
def test_what_is_not_public_is_asked_for_each_time(site: Site, path: str) -> None:
    answers = [site.client.get(path) for _ in range(3)]
    assert len(site.rendered) == 3
    assert len({answer.data for answer in answers}) == 1


@pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS"])
def test_other_methods_reach_the_app_and_fill_nothing(site: Site, method: str) -> None:
    for _ in range(2):
        site.client.open("/page", method=method)
    site.client.get("/page")
    assert len(site.rendered) == 3


def test_a_request_with_a_cookie_passes_by(site: Site) -> None:
    site.client.get("/page")
    site.client.get("/page", headers={"Cookie": "office=1"})
    assert len(site.rendered) == 2


def test_a_page_is_kept_for_each_host_and_scheme(site: Site) -> None:
    for base_url in ("http://localhost", "http://127.0.0.1", "https://localhost"):
        site.client.get("/page", base_url=base_url)
        site.client.get("/page", base_url=base_url)
    assert len(site.rendered) == 3


def test_a_hostile_host_is_never_kept(site: Site) -> None:
    assert site.client.get("/page", headers={"Host": "evil.example"}).status_code == 400
    assert site.client.get("/page").status_code == 200
    assert site.client.get("/page", headers={"Host": "evil.example"}).status_code == 400
    assert len(site.cache._entries) == 1


def test_the_declared_parameter_has_pages_of_its_own(site: Site) -> None:
    for path in ("/page", "/page?source=mail", "/page?source=leaflet"):
        site.client.get(path)
        site.client.get(path)
    assert len(site.rendered) == 3


@pytest.mark.parametrize(
    "query", ["x=1", "source=a&x=1", "source=", "source=%3Cb%3E", "source=a&source=b", "source=" + "a" * 41, "page=2"]
)
def test_any_other_query_passes_by(site: Site, query: str) -> None:
    for _ in range(2):
        site.client.get(f"/page?{query}")
    assert len(site.rendered) == 2
    assert site.cache._entries == {}


def test_paths_do_not_share_a_page(site: Site) -> None:
    paths = ["/echo/a", "/echo/A", "/echo/a/", "/echo/a%2Fb", "/echo/ü", "/echo/a;b", "/echo/a.css"]
    first = [site.client.get(path).data for path in paths]
    assert [site.client.get(path).data for path in paths] == first
    assert len(set(first)) == len(paths) == len(site.rendered)


def test_the_entries_are_bounded_and_old_ones_make_room(site: Site) -> None:
    for number in range(MOST_ENTRIES + 5):
        site.client.get(f"/echo/{number}")
    assert len(site.cache._entries) == MOST_ENTRIES
    site.now += 1
    site.client.get("/echo/new")
    site.client.get("/echo/new")
    assert len(site.cache._entries) == 1
    assert site.rendered[-2:] != [site.rendered[-1]] * 2


def test_a_large_page_is_served_and_not_kept(site: Site) -> None:
    for _ in range(2):
        assert len(site.client.get("/large").data) == LARGEST_BODY + 1
    assert len(site.rendered) == 2


def test_a_head_request_tells_what_a_get_would(site: Site) -> None:
    got, head = site.client.get("/page"), site.client.head("/page")
    assert head.data == b""
    for name in ("Content-Length", "Content-Type", "ETag", "Cache-Control"):
        assert head.headers[name] == got.headers[name]


def test_a_file_answers_its_own_condition(site: Site) -> None:
    etag = site.client.get("/static/img/mark.svg").headers["ETag"]
    assert site.client.get("/static/img/mark.svg", headers={"If-None-Match": etag}).status_code == 304
