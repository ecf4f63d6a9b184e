"""`python -m bench`: measures, prints a table, writes bench/out/latest.json. Exit code 1 for a wrong answer of the site."""

import argparse
import os
import platform
import signal
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bench import annex, circuit, delivering, export, million, office, page, signing, updates, webhook, webhook_kills
from bench.ground import make_site, postgresql
from bench.measure import Line, WrongAnswer, table, write_json
from bench.plan import FULL, QUICK, Plan

OUT = Path(__file__).parent / "out" / "latest.json"
BENCHMARKS = ("page", "signing", "webhook", "circuit")
WHEN_NAMED = ("export", "annex", "delivering", "million", "office", "webhook_kills", "updates")  # takes long


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    arguments.add_argument(
        "benchmark",
        nargs="*",
        choices=[[], *BENCHMARKS, *WHEN_NAMED],
        help="Which; all but those that take long where none is named.",
    )
    arguments.add_argument("--quick", action="store_true", help="One short round of each: a smoke test, not a measure.")
    given = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was started is ended on the way out
    wanted, plan = given.benchmark or BENCHMARKS, QUICK if given.quick else FULL
    try:
        lines = measure(wanted, plan)
    except WrongAnswer as error:
        print(f"Not measured: {error}", file=sys.stderr)
        return 1
    print(table(lines))
    machine = {"cores": len(os.sched_getaffinity(0)), "python": platform.python_version(), "load": os.getloadavg()}
    write_json(OUT, lines, at=datetime.now(UTC).isoformat(timespec="seconds"), quick=given.quick, machine=machine)
    return 0


def measure(wanted: list[str] | tuple[str, ...], plan: Plan) -> list[Line]:
    """Every line of the wanted benchmarks, all in one throw-away folder on one PostgreSQL."""
    with tempfile.TemporaryDirectory(prefix="undersigned-bench-") as name, postgresql(Path(name)) as server:
        folder = Path(name)
        sites = {
            "SQLite": make_site(folder, "sqlite"),
            "PostgreSQL": make_site(folder, "postgresql", server.new_database()),
        }
        runs = {
            "page": lambda: page.run(plan, sites["PostgreSQL"], sites["SQLite"]),
            "signing": lambda: signing.run(plan, sites, server),
            "export": lambda: export.run(plan, sites, server, folder),
            "webhook": lambda: webhook.run(plan, sites),
            "webhook_kills": lambda: webhook_kills.run(plan, sites),
            "circuit": lambda: circuit.run(plan, sites),
            "office": lambda: office.run(plan, sites, server),
            "updates": lambda: updates.run(plan, sites),
            "annex": lambda: annex.run(plan, sites["PostgreSQL"]),
            "delivering": lambda: delivering.run(plan, sites["PostgreSQL"]),
            "million": lambda: million.run(plan, sites, server),
        }
        found: list[Line] = []
        for one in wanted:
            print(f"Measuring {one} …", file=sys.stderr, flush=True)
            found += runs[one]()
        return found


if __name__ == "__main__":
    sys.exit(main())
