"""Signing through the production server, every check and the vault on, beside pgbench inserting the same row."""

import re
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import func, select

from bench.ground import SLUG, PostgreSQL, Site
from bench.load import UNIQUE, Order, Outcome, drive
from bench.measure import Aim, Line, WrongAnswer, beside
from bench.plan import Plan
from core.db import db
from core.tokens import form_token
from petitions.models import Submission

CLIENTS = 16
SHARE = 0.08
RATE = 500
P99 = 0.150
TABLE = "bench_rows"
SCRIPT = Path(__file__).with_name("insert.sql")
COPY_OF_OURS = f"CREATE TABLE {TABLE} (LIKE submissions INCLUDING ALL)"


def run(plan: Plan, sites: Mapping[str, Site], server: PostgreSQL) -> list[Line]:
    limits: list[float] = []
    outcomes: dict[str, list[Outcome]] = {name: [] for name in sites}
    uri = sites["PostgreSQL"].uri
    server.call("psql", uri, "-qc", COPY_OF_OURS)
    with ExitStack() as servers:
        for site in sites.values():
            servers.enter_context(site.server("serve:web", "/readyz"))
            sign(site, seconds=1.0, run=0)
        for number in range(1, plan.rounds + 1):
            limits.append(pgbench(server, uri, plan.seconds))
            for name, site in sites.items():
                outcomes[name].append(sign(site, seconds=plan.seconds, run=number))
    return [line for name, rounds in outcomes.items() for line in lines(name, rounds, limits)]


def lines(name: str, rounds: list[Outcome], limits: list[float]) -> list[Line]:
    rates, slowest = [one.rate for one in rounds], [one.p99 for one in rounds]
    return [
        beside(f"signing, {name}", rates, limits, unit="/s", limit_is="pgbench", aim=SHARE),
        Line(f"signing, {name}, rate", median(rates), "/s", aim=Aim("ours", RATE)),
        Line(f"signing, {name}, p50", median(one.p50 for one in rounds) * 1000, "ms"),
        Line(f"signing, {name}, p99", median(slowest) * 1000, "ms", aim=Aim("ours", P99 * 1000, least=False)),
    ]


def sign(site: Site, *, seconds: float, run: int) -> Outcome:
    """One load of signers. Raises WrongAnswer unless each was answered 303 and stands in the database."""
    before = stored(site)
    outcome = drive(replace(order(site), seconds=seconds, run=run))
    if set(outcome.statuses) != {"303"}:
        raise WrongAnswer(f"signing answered {outcome.statuses}")
    if stored(site) - before != outcome.answers:
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
