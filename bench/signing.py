"""Signing through the production server, every check and the vault on, beside pgbench inserting the same row."""

import contextlib
import re
import secrets
import sqlite3
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import func, select
from sqlalchemy.schema import CreateTable

from bench.ground import SLUG, PostgreSQL, Site
from bench.load import UNIQUE, Order, Outcome
from bench.measure import Aim, Line, WrongAnswer, beside
from bench.plan import Plan
from bench.wrk import send
from core.db import db
from core.tokens import form_token
from petitions.models import Submission

CLIENTS = 16
SHARE = 0.15
RATE = 500
P99 = 0.100
LIMITS = {"PostgreSQL": "pgbench", "SQLite": "one-row inserts"}
TABLE = "bench_rows"
SCRIPT = Path(__file__).with_name("insert.sql")
ROW = {
    "petition_id": 1, "state": "received", "key_id": "0" * 16, "data_key_id": "0" * 16, "blob": bytes(284), "country": "IE",
    "visibility": "recipients", "source": "other", "consent_digest": "0" * 64, "code_tries": 0, "proved": 0, "trapped": 0,
    "received_at": "2026-01-01 00:00:00.000000", "mails": 0, "bucket": "0" * 32,
}  # fmt: skip
COPY_OF_OURS = f"CREATE TABLE {TABLE} (LIKE submissions INCLUDING ALL)"


def run(plan: Plan, sites: Mapping[str, Site], server: PostgreSQL) -> list[Line]:
    """Each database beside its own limit: pgbench's 16 clients, and one writer of SQLite."""
    limits: dict[str, list[float]] = {name: [] for name in sites}
    outcomes: dict[str, list[Outcome]] = {name: [] for name in sites}
    uri = sites["PostgreSQL"].uri
    server.call("psql", uri, "-qc", COPY_OF_OURS)
    with ExitStack() as servers:
        for site in sites.values():
            servers.enter_context(site.server("serve:web", "/readyz"))
            sign(site, seconds=1.0, run=0)
        for number in range(1, plan.rounds + 1):
            limits["PostgreSQL"].append(pgbench(server, uri, plan.seconds))
            limits["SQLite"].append(one_writer(sites["SQLite"], plan.seconds))
            for name, site in sites.items():
                outcomes[name].append(sign(site, seconds=plan.seconds, run=number))
    return [line for name, rounds in outcomes.items() for line in lines(name, rounds, limits[name])]


def lines(name: str, rounds: list[Outcome], limits: list[float]) -> list[Line]:
    rates, slowest = [one.rate for one in rounds], [one.p99 for one in rounds]
    return [
        beside(f"signing, {name}", rates, limits, unit="/s", limit_is=LIMITS[name], aim=SHARE),
        Line(f"signing, {name}, rate", median(rates), "/s", aim=Aim("ours", RATE)),
        Line(f"signing, {name}, p50", median(one.p50 for one in rounds) * 1000, "ms"),
        Line(f"signing, {name}, p99", median(slowest) * 1000, "ms", aim=Aim("ours", P99 * 1000, least=False)),
    ]


def sign(site: Site, *, seconds: float, run: int) -> Outcome:
    """One load of signers. Raises WrongAnswer unless each was answered 303 and stands in the database."""
    before = stored(site)
    outcome = send(replace(order(site), seconds=seconds, run=run))
    if set(outcome.statuses) != {"303"}:
        raise WrongAnswer(f"signing answered {outcome.statuses}")
    late = stored(site) - before - outcome.answers  # wrk leaves while its last requests are under way
    if not 0 <= late <= CLIENTS:
        raise WrongAnswer(f"{outcome.answers} signings were acknowledged, {stored(site) - before} are stored")
    return outcome


def order(site: Site) -> Order:
    with site.app.test_request_context():
        token = form_token()
    fields: dict[str, Any] = {
        "name": "Ada Example", "email": f"ada.{UNIQUE}@example.org", "country": "IE", "visibility": "recipients",
        "role": "Teacher", "affiliation": "", "postal_code": "", "comment": "", "source": "", "token": token,
    }  # fmt: skip
    return Order(site.port, "POST", f"/petitions/{SLUG}/sign", urlencode(fields, safe="{}"), CLIENTS)


def stored(site: Site) -> int:
    with site.app.app_context():
        return db.session.scalar(select(func.count()).select_from(Submission)) or 0


def pgbench(server: PostgreSQL, uri: str, seconds: float) -> float:
    """One-row inserts of the same row a second, prepared, by as many clients over the same socket."""
    said = server.call(
        "pgbench",
        uri,
        "-n",
        "-M",
        "prepared",
        "-c",
        str(CLIENTS),
        "-j",
        "2",
        "-T",
        str(round(seconds)),
        "-f",
        str(SCRIPT),
    )
    found = re.search(r"tps = ([\d.]+)", said)
    if found is None:
        raise WrongAnswer(f"pgbench said: {said}")
    return float(found[1])


def one_writer(site: Site, seconds: float) -> float:
    """One-row transactions of the same row a second, durable (WAL, synchronous=FULL), straight through sqlite3."""
    with contextlib.closing(
        sqlite3.connect(site.app.config["UNDERSIGNED"].data / f"{TABLE}.sqlite3", isolation_level=None)
    ) as file:
        file.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL")
        with site.app.app_context():
            file.execute(str(CreateTable(Submission.__table__, if_not_exists=True).compile(db.engine)))  # type: ignore[arg-type]
        statement = f"INSERT INTO submissions (public_id, {', '.join(ROW)}) VALUES (?{', ?' * len(ROW)})"
        began, done = time.perf_counter(), 0
        while time.perf_counter() < began + seconds:
            file.execute(statement, (secrets.token_urlsafe(16), *ROW.values()))
            done += 1
        return done / (time.perf_counter() - began)
