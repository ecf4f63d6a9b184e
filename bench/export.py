"""The list of a petition as an organiser exports it, beside psql's COPY of the same columns in the same run."""

import json
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

from bench.ground import HERE, PostgreSQL, Site
from bench.measure import Aim, Line, WrongAnswer, beside
from bench.plan import Plan
from bench.signatures import insert_signatures

SHARE = 0.4
MEGABYTES = 120
COLUMNS = "key_id, data_key_id, blob, public_id, country, signed_at"
COPIED = (
    f"SELECT {COLUMNS} FROM signatures WHERE state = 'valid' AND visibility IN ('recipients', 'public') ORDER BY id"
)

Found = dict[str, Any]


def run(plan: Plan, sites: Mapping[str, Site], server: PostgreSQL, folder: Path) -> list[Line]:
    for site in sites.values():
        insert_signatures(site, plan.signatures)
    server.call("psql", sites["PostgreSQL"].uri, "-qc", "VACUUM ANALYZE signatures")
    copied: list[float] = []
    exported: dict[tuple[str, str], list[Found]] = {(name, kind): [] for name in sites for kind in ("csv", "xlsx")}
    for _ in range(plan.rounds):
        copied.append(plan.signatures / copy_seconds(server, sites["PostgreSQL"].uri, folder / "copied.csv"))
        for (name, kind), found in exported.items():
            found.append(export(sites[name], kind, folder / f"exported.{kind}", plan.signatures))
    return [line for (name, kind), found in exported.items() for line in lines(name, kind, found, copied)]


def lines(name: str, kind: str, found: list[Found], copied: list[float]) -> list[Line]:
    rates, peak = [one["rate"] for one in found], median(one["megabytes"] for one in found)
    aimed = kind == "csv" and name == "PostgreSQL"
    bound = Aim("ours", MEGABYTES, least=False) if kind == "csv" else None
    title = f"export {kind.upper()}, {name}"
    return [
        beside(title, rates, copied, unit="rows/s", limit_is=r"\copy", aim=SHARE if aimed else None),
        Line(f"{title}, peak memory", peak, "MB", aim=bound),
    ]


def copy_seconds(server: PostgreSQL, uri: str, out: Path) -> float:
    began = time.perf_counter()
    server.call("psql", uri, "-qc", rf"\copy ({COPIED}) TO '{out}' CSV")
    return time.perf_counter() - began


def export(site: Site, kind: str, out: Path, signatures: int) -> Found:
    """One export in a process of its own, so that its peak memory is its own. Raises WrongAnswer for a short list."""
    command = [sys.executable, "-m", "bench.exporter", kind, str(out)]
    environment = {**site.environment, "ROLE": "office"}
    said = subprocess.run(command, env=environment, cwd=HERE, capture_output=True, text=True, check=True).stdout
    found = json.loads(said.splitlines()[-1])
    if kind == "csv" and (rows := out.read_bytes().count(b"\r\n")) < signatures:
        raise WrongAnswer(f"the export has {rows} lines for {signatures} signatures")
    return {**found, "rate": signatures / found["seconds"]}
