"""An app of the test's own where the shared one would not do, and threads that start together."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest
from flask import Flask, make_response, request
from flask.testing import FlaskClient

from app import create_app
from core.db import db
from core.guards import body_limit, cacheable, form_action, from_anywhere
from tests.conftest import BASE

Result = TypeVar("Result")


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[Callable[..., Flask]]:
    """Makes an app with other settings and a data folder of its own; its database is empty, without tables."""
    made = []

    def make(**given: str) -> Flask:
        app = create_app({**BASE, "UNDERSIGNED_DATA": str(tmp_path / "data"), **given})
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


def at_once(app: Flask, count: int, work: Callable[[int], Result]) -> list[Result]:
    """The results of `work(number)` in that many threads, each with its own session, all let go at one moment."""
    barrier = threading.Barrier(count)

    def run(number: int) -> Result:
        with app.app_context():
            barrier.wait(timeout=20)
            return work(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def add_routes(app: Flask) -> Flask:
    """A form, a machine's door, a page with a foreign form target, a cacheable page and a fault."""

    @app.post("/form")
    def form() -> str:
        return str(len(request.form.get("text", "")))

    @app.post("/machine")
    @from_anywhere
    @body_limit(1000)
    def machine() -> str:
        return str(len(request.get_data()))

    @app.get("/give")
    @form_action("CHECKOUT_ORIGIN", "UNSET_ORIGIN")
    def give() -> str:
        return "give"

    app.add_url_rule("/page", view_func=lambda: cacheable(make_response("page")), endpoint="page")
    app.add_url_rule("/fault", view_func=lambda: 1 // 0, endpoint="fault")
    return app


@pytest.fixture
def own(make_app) -> Flask:
    return add_routes(make_app())


@pytest.fixture
def visitor(own: Flask) -> FlaskClient:
    return own.test_client()
