"""The list of a petition as an organiser exports it, beside psql's COPY of the same columns in the same run."""

import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from bench.ground import HERE, PostgreSQL, Site
from bench.measure import Aim, Line, WrongAnswer, beside
from bench.plan import Plan
from bench.signatures import insert_signatures
from core.spreadsheets import ROWS_A_SHEET

SHARE = 0.65
AIMS = {("PostgreSQL", "xlsx"): Aim("ours", 12_000)}
MEGABYTES = 120
COLUMNS = "key_id, data_key_id, blob, public_id, country, signed_at"
COPIED = (
    f"SELECT {COLUMNS} FROM signatures WHERE state = 'valid' AND visibility IN ('recipients', 'public') ORDER BY id"
)

Found = dict[str, Any]


def run(plan: Plan, sites: Mapping[str, Site], server: PostgreSQL, folder: Path) -> list[Line]:
    """Every format on PostgreSQL, CSV in each round and the slower ones in the first; CSV of a shorter list on SQLite."""
    rows = {"PostgreSQL": plan.listed, "SQLite": plan.signatures}
    for name, site in sites.items():
        insert_signatures(site, rows[name])
    server.call("psql", sites["PostgreSQL"].uri, "-qc", "VACUUM ANALYZE signatures")
    copied: list[float] = []
    exported: dict[tuple[str, str], list[Found]] = {}
    for number in range(plan.rounds):
        copied.append(plan.listed / copy_seconds(server, sites["PostgreSQL"].uri, folder / "copied.csv"))
        wanted = [("PostgreSQL", "csv"), ("SQLite", "csv")]
        wanted += [("PostgreSQL", kind) for kind in ("xlsx", "ods", "json")] if number == 0 else []
        for name, kind in wanted:
            found = export(sites[name], kind, folder / f"exported.{kind}", rows[name])
            exported.setdefault((name, kind), []).append(found)
    return [line for (name, kind), found in exported.items() for line in lines(name, kind, found, copied)]


def lines(name: str, kind: str, found: list[Found], copied: list[float]) -> list[Line]:
    rates, title = [one["rate"] for one in found], f"export {kind.upper()}, {name}"
    share, aim = (SHARE, None) if (name, kind) == ("PostgreSQL", "csv") else (None, AIMS.get((name, kind)))
    speed = beside(title, rates, copied[: len(rates)], unit="rows/s", limit_is=r"\copy", aim=share)
    bound = Aim("ours", MEGABYTES, least=False) if kind == "csv" else None
    memory = {key: median(one[key] for one in found) for key in ("megabytes", "grown")}
    return [
        replace(speed, aim=speed.aim or aim),
        Line(f"{title}, peak memory of a process", memory["megabytes"], "MB", aim=bound),
        Line(f"{title}, more than the program holds before", memory["grown"], "MB"),
    ]


def rows_of_ods(path: Path) -> int:
    with zipfile.ZipFile(path) as archive, archive.open("content.xml") as content:
        return sum(1 for _row in content)


def rows_of_xlsx(path: Path) -> int:
    """What its sheets could hold: there are as many as it takes."""
    with zipfile.ZipFile(path) as archive:
        sheets = sum("worksheets/sheet" in name for name in archive.namelist())
    return sheets * ROWS_A_SHEET


ROWS: dict[str, Callable[[Path], int]] = {
    "csv": lambda path: path.read_bytes().count(b"\r\n"),
    "json": lambda path: path.read_bytes().count(b"\n"),
    "ods": rows_of_ods,
    "xlsx": rows_of_xlsx,
}


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
    if (rows := ROWS[kind](out)) < signatures:
        raise WrongAnswer(f"the export has {rows} rows for {signatures} signatures")
    return {**found, "rate": signatures / found["seconds"]}
