"""`make run`: a whole site from nothing: secrets, keys, schema, demo case, then its processes until told to stop."""

import http.client
import os
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import config
from core.children import end_with_parent
from operations.processes import Child, Site, hold_signals, say

if TYPE_CHECKING:
    from flask import Flask

HERE = Path(__file__).resolve().parent
BIN = Path(sys.executable).parent
ADDRESS = "127.0.0.1"
PROCESSES = {"public": ("web",), "office": ("web",), "worker": ("worker",), "all": ("web", "worker")}


class CannotStart(Exception):
    """The machine is not as the site needs it; the text says what to do."""


def main() -> int:
    """Exit code: 0 after Ctrl-C or SIGTERM, 1 when something went wrong, 2 when a setting is missing or unsafe."""
    hold_signals()
    os.umask(0o077)  # whatever the site writes is for its own user only
    if "--with-make" in sys.argv:
        end_with_parent(os.getppid())
    try:
        environment, settings = read_environment()
        refuse_busy_ports(settings)
        return serve(environment, settings)
    except config.SettingError as error:
        say(str(error))
        return 2
    except CannotStart as error:
        say(str(error))
        return 1


def read_environment() -> tuple[dict[str, str], config.Settings]:
    """The environment that every process gets, and its settings: secrets are written first, where they are missing."""
    environment = dict(os.environ)
    data = Path(environment.get("UNDERSIGNED_DATA") or HERE / "instance").resolve()
    environment["UNDERSIGNED_DATA"] = str(data)
    try:
        known = {**config.read_file(data / "settings.env"), **environment}
        demo = config.is_loopback(known.get("SERVER_URL") or f"http://{ADDRESS}")
        config.write_missing_secrets(data, sandbox=demo and not environment.get("STRIPE_SECRET_KEY"))
    except OSError as error:
        raise CannotStart(
            f"The data folder {data} cannot be used ({error.strerror}). Set UNDERSIGNED_DATA to a folder of your own."
        ) from None
    settings = config.read_settings(environment)
    if settings.loopback and settings.giving and not settings.livemode and not settings.stripe_api_base:
        environment["STRIPE_API_BASE"] = f"http://{ADDRESS}:{settings.port + 1}"
        environment["STRIPE_WEBHOOK_SECRETS"] = " ".join(settings.stripe_webhook_secrets)  # the sandbox reads no file
        settings = replace(settings, stripe_api_base=environment["STRIPE_API_BASE"])
    return environment, settings


def sandbox_url(settings: config.Settings) -> str | None:
    """Where the sandbox runs; None where the site speaks to Stripe itself, or takes no gifts."""
    own = f"http://{ADDRESS}:{settings.port + 1}"
    return own if settings.loopback and settings.stripe_api_base == own else None


def refuse_busy_ports(settings: config.Settings) -> None:
    for port in (settings.port, settings.port + 1) if sandbox_url(settings) else (settings.port,):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((ADDRESS, port))
            except (OSError, OverflowError):
                raise CannotStart(
                    f"Port {port} cannot be used: something listens there, or it is not ours. Try PORT=8080 make run."
                ) from None


def serve(environment: dict[str, str], settings: config.Settings) -> int:
    """Prepares the site and runs its processes until a signal comes; the exit code."""
    from sqlalchemy.exc import OperationalError  # the application is heavy: signals are held before it comes

    from app import create_app
    from operations import preparation

    app = create_app(environment)
    try:
        with app.app_context():
            preparation.prepare(settings)
    except OperationalError as error:
        raise CannotStart(
            f"The database does not answer ({type(error.orig).__name__}). Check DATABASE_URL and that it runs."
        ) from None

    def announce() -> None:
        with app.app_context():
            for line in preparation.announcement(settings, sandbox_url(settings)):
                say(line)

    return Site(children(settings), environment, HERE).run(lambda: ready(settings), announce)


def children(settings: config.Settings) -> list[Child]:
    """The processes of this role, and of the demo."""
    commands: dict[str, list[object]] = {
        "web": [sys.executable, "-m", "operations.web"],
        "worker": [BIN / "flask", "--app", "app", "jobs", "work"],
        "Stripe sandbox": [
            sys.executable, "-m", "sandbox", "--port", settings.port + 1, "--database", settings.data / "sandbox.sqlite3",
            "--webhook-url", f"http://{ADDRESS}:{settings.port}/stripe/webhook",
            "--webhook-secret-env", "STRIPE_WEBHOOK_SECRETS",
        ],
    }  # fmt: skip
    names = (*PROCESSES[settings.role], *(["Stripe sandbox"] if sandbox_url(settings) else []))
    return [Child(name, [str(part) for part in commands[name]]) for name in names]


def ready(settings: config.Settings) -> bool:
    """Whether all that can be asked answers: the web server that its database is there, the sandbox at all."""
    web = "web" not in PROCESSES[settings.role] or _answers(
        settings.port, "/readyz", urlsplit(settings.server_url).netloc
    )
    return web and (sandbox_url(settings) is None or _answers(settings.port + 1, "/", ADDRESS))


def _answers(port: int, path: str, host: str) -> bool:
    connection = http.client.HTTPConnection(ADDRESS, port, timeout=2)
    try:
        connection.request("GET", path, headers={"Host": host})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def web() -> "Flask":
    """The application, for operations.web; a setting that it refuses is told in a sentence."""
    from app import create_app

    try:
        return create_app()
    except config.SettingError as error:
        say(str(error))
        raise SystemExit(2) from None


if __name__ == "__main__":
    sys.exit(main())
