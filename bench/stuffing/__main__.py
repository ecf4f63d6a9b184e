"""`python -m bench.stuffing [--seed N] [--postgresql]`: replays the drill and prints its table. Some minutes a run."""

import argparse
import contextlib
import logging
import signal
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from flask import Flask
from sqlalchemy import Engine, event, select

from bench.ground import make_site, postgresql
from bench.stuffing import honest, hostile, report
from bench.stuffing.organiser import Organiser
from bench.stuffing.replay import BEGIN, run
from config import Settings
from core.db import db
from core.vault import SITE, ensure_scope
from petitions.models import Petition

SEED = 20261124


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m bench.stuffing", description=__doc__)
    arguments.add_argument("--seed", type=int, default=SEED)
    arguments.add_argument("--postgresql", action="store_true", help="PostgreSQL instead of SQLite.")
    arguments.add_argument("--scale", type=float, default=1.0, help="A part of it, for a try.")
    given = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended on the way out
    logging.getLogger("core.alarms").setLevel(logging.CRITICAL)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="undersigned-stuffing-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        uri = stack.enter_context(postgresql(folder)).new_database() if given.postgresql else ""
        site = make_site(folder, "drill", uri)
        print(replayed(site.app, given.seed, given.scale))
    print(f"{time.monotonic() - began:.0f} seconds", file=sys.stderr)
    return 0


def replayed(app: Flask, seed: int, scale: float) -> str:
    """The drill's table and its sums."""
    _with_limits(app)
    with app.app_context():
        ensure_scope(SITE)
        petition = db.session.scalars(select(Petition)).one()
        petition.opens_at = petition.created_at = BEGIN
        db.session.commit()
        petition_id = petition.id
    random = Random(seed)
    signings = [one for one in (*honest.signings(random), *hostile.signings(random)) if random.random() < scale]
    organiser = Organiser(petition_id, seed)
    replay = run(app, petition_id, signings, organiser)
    with app.app_context():
        found = report.styles(replay)
        signals = "; ".join(report.signals_told(petition_id))
        lines = report.aims(found, report.count_error(petition_id))
        lost = dict(report.held_by_reason(replay))
        return f"{report.table(found)}\n\n{lines}\n\nSeed {seed}. Honest held for good, by reason: {lost}. Signals: {signals}."


def _with_limits(app: Flask) -> None:
    """The bench's sites have their limits off, as one machine plays a crowd; here they are what is measured."""
    settings: Settings = app.config["UNDERSIGNED"]
    object.__setattr__(settings, "limits", True)


@event.listens_for(Engine, "connect")
def _hurry(connection: object, record: object) -> None:
    """SQLite need not wait for the disk in a drill."""
    if hasattr(connection, "create_collation"):
        connection.execute("PRAGMA synchronous=OFF")  # type: ignore[attr-defined]


if __name__ == "__main__":
    sys.exit(main())
