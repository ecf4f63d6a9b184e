"""A site with signatures in it, and empty places to restore it to, with the same keystore."""

import secrets
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.conftest import app_for_this_test, new_postgresql
from tests.factories import make_petition
from tests.petitions.conftest import Campaign

Elsewhere = Callable[[str], Flask]


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    with app.app_context():
        petition = make_petition()
        return Campaign(app, petition.id, petition.slug)


@pytest.fixture
def elsewhere(app: Flask, tmp_path: Path, postgresql_uri: str) -> Elsewhere:
    """Makes an app over a new, empty database of either kind, which holds the keystore and the secrets of `app`."""

    def make(kind: str) -> Flask:
        url = (
            new_postgresql(postgresql_uri)
            if kind == "postgresql"
            else f"sqlite:///{tmp_path / secrets.token_hex(4)}.sqlite3"
        )
        settings = app.config["UNDERSIGNED"]
        given = {
            "UNDERSIGNED_DATA": str(settings.data), "DATABASE_URL": url, "SERVER_URL": settings.server_url, "LIMITS": "off",
            "SECRET_KEY": settings.secret_key, "OFFICE_SECRET_KEY": str(settings.office_secret_key),
        }  # fmt: skip
        return app_for_this_test(given)

    return make
