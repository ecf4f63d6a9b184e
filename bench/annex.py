"""The annex of a large list, opened, set and bound: rows a second, and what all its processes hold together.

Run as a program it makes one, as `flask petition export --format pdf` does."""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from pypdf import PdfReader

from app import create_app
from bench.ground import HERE, SLUG, Site
from bench.measure import Aim, Line, WrongAnswer
from bench.plan import Plan
from bench.signatures import insert_signatures
from core.volumes import plan as volumes_of
from deliveries.documents import exporting
from petitions.list_services import listed
from petitions.services import get_public

LEAST = 900  # rows a second
MEGABYTES = 400
EVERY = 0.02  # seconds between two looks at the memory


def run(plan: Plan, site: Site) -> list[Line]:
    insert_signatures(site, plan.million)
    with tempfile.TemporaryDirectory(prefix="undersigned-annex-") as folder:
        command = [sys.executable, "-m", "bench.annex", folder]
        environment = {**site.environment, "ROLE": "office"}
        maker = subprocess.Popen(command, env=environment, cwd=HERE, stdout=subprocess.PIPE, text=True)
        peak = watch(maker)
        found = json.loads((maker.stdout.read() if maker.stdout else "").splitlines()[-1])
        check(Path(folder), found["lines"])
        size = sum(path.stat().st_size for path in Path(folder).iterdir()) / 2**20
    title = f"annex of {found['lines']:,} lines"
    return [
        Line(title, found["lines"] / found["seconds"], "rows/s", aim=Aim("ours", LEAST)),
        Line(f"{title}, a second of processor time", found["lines"] / found["cpu"], "rows"),
        Line(f"{title}, peak of all processes", peak, "MB", aim=Aim("ours", MEGABYTES, least=False)),
        Line(f"{title}, volumes", float(found["volumes"]), "files"),
        Line(f"{title}, size", size, "MB"),
    ]


def watch(maker: subprocess.Popen[str]) -> float:
    """The most that the program and what it started held at one moment, MB; what they share is counted for each."""
    peak = 0
    while maker.poll() is None:
        peak = max(peak, held(psutil.Process(maker.pid)))
        time.sleep(EVERY)
    return peak / 2**20


def held(program: psutil.Process) -> int:
    total = 0
    try:
        for process in (program, *program.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.NoSuchProcess:  # it has just ended: the next look sees what is there
        return 0
    return total


def check(folder: Path, lines: int) -> None:
    """Raises WrongAnswer where a page is missing."""
    for volume in volumes_of(lines):
        pages = len(PdfReader(folder / volume.name("annex")).pages)
        if pages != volume.pages:
            raise WrongAnswer(f"volume {volume.number} has {pages} pages, not {volume.pages}")


def main() -> None:
    with create_app().app_context():
        petition = get_public(SLUG)
        began = time.perf_counter()
        lines = listed(petition)
        made = exporting.write(petition, lines, Path(sys.argv[1]) / "annex.pdf")
        seconds = time.perf_counter() - began
    cpu = sum(sum(resource.getrusage(whose)[:2]) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    print(json.dumps({"seconds": seconds, "lines": lines, "volumes": len(made), "cpu": cpu}))


if __name__ == "__main__":
    main()
