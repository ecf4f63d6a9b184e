"""How these tests ask: past the page cache, which would answer with the last test's page for a second."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

Get = Callable[[str], TestResponse]


@pytest.fixture
def get(client: FlaskClient) -> Get:
    """GET with a query that no page reads, so that the page is made anew."""

    def fetch(path: str) -> TestResponse:
        return client.get(path + ("&" if "?" in path else "?") + "fresh")

    return fetch
