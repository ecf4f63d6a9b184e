"""`python -m bench.invalidating`: 100,000 signatures invalidated, and given back, while people go on signing and reading.

Every row is opened, as the condition asks for a mail domain. The web server runs as `make run` starts it; the worker's batches
run in this process. Prints one line a database; exit code 1 for a wrong number or more than a minute."""

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from bench.ground import SLUG, Site, make_site, postgresql
from bench.load import Order, Outcome, drive
from bench.signatures import insert_signatures
from bench.signing import order
from core.db import db
from core.vault import SITE, vault
from petitions.abuse import invalidation_batches
from petitions.abuse import invalidation_services as invalidations
from petitions.abuse.models import Invalidation
from petitions.counting import tallies
from petitions.models import Signature
from petitions.services import get_public
from petitions.states import SignatureState

WITHIN = 60.0  # seconds for the signatures of a run
ORGANISER = "bench@example.org"


@dataclass
class Times:
    """Seconds until all were out, and until all were back; what readers and signers met meanwhile."""

    out: float
    back: float
    signing: Outcome
    reading: Outcome


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m bench.invalidating", description=__doc__)
    arguments.add_argument("--signatures", type=int, default=100_000)
    wanted = arguments.parse_args().signatures
    slow = False
    with tempfile.TemporaryDirectory(prefix="undersigned-bench-") as name, postgresql(Path(name)) as server:
        for kind, uri in (("sqlite", ""), ("postgresql", server.new_database())):
            site = make_site(Path(name), kind, uri)
            insert_signatures(site, wanted)
            times = measure(site, wanted)
            print(_line(kind, wanted, times))
            slow = slow or times.out > WITHIN
    return int(slow)


def measure(site: Site, wanted: int) -> Times:
    with site.app.app_context():
        tallies.recount()
        vault().prepare(SITE)
        made = invalidations.prepare(get_public(SLUG), {"domain": "*.org"}, actor=ORGANISER)
        db.session.commit()
        found = made.id
    with site.server("serve:web", "/readyz"), crowd(site) as met:
        out = _through(site, found, wanted, SignatureState.INVALIDATED, invalidations.start, reason="A bench.")
        back = _through(site, found, wanted, SignatureState.VALID, invalidations.undo)
    return Times(out, back, met["signing"], met["reading"])


@contextmanager
def crowd(site: Site) -> Iterator[dict[str, Outcome]]:
    """One signs and one reads, again and again, until the block ends; gives what they met."""
    met: dict[str, Outcome] = {"signing": Outcome(), "reading": Outcome()}
    signing = order(site)
    orders = {
        "signing": Order(**{**signing.__dict__, "clients": 1, "seconds": 2.0}),
        "reading": Order(site.port, "GET", f"/petitions/{SLUG}/count.json", clients=1, seconds=2.0),
    }
    over = threading.Event()

    def go_on(what: str) -> None:
        run = 0
        while not over.is_set():
            run += 1
            one = drive(Order(**{**orders[what].__dict__, "run": run}))
            for status, number in one.statuses.items():
                met[what].statuses[status] = met[what].statuses.get(status, 0) + number
            met[what].seconds += one.seconds
            met[what].p50, met[what].p99 = max(met[what].p50, one.p50), max(met[what].p99, one.p99)

    threads = [threading.Thread(target=go_on, args=(what,)) for what in orders]
    for thread in threads:
        thread.start()
    try:
        yield met
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _through(site: Site, found: int, wanted: int, state: SignatureState, begin: object, **values: str) -> float:
    """Begins, and works as the worker does until the end; the seconds. Ends the run where a number is not exact."""
    began = time.monotonic()
    with site.app.app_context():
        begin(db.session.get_one(Invalidation, found), actor=ORGANISER, **values)  # type: ignore[operator]
        db.session.commit()
    moving = True
    while moving:
        with site.app.app_context():
            invalidation_batches.work_on(found)
            while tallies.fold():
                pass
            row = db.session.get_one(Invalidation, found)
            moving = row.state in invalidation_batches.STEPS
    seconds = time.monotonic() - began
    with site.app.app_context():
        there = db.session.scalar(select(func.count()).where(Signature.state == state))
        shown = tallies.total(db.session.get_one(Invalidation, found).petition_id)
        if there != wanted or shown != (wanted if state == SignatureState.VALID else 0) or tallies.drift():
            raise SystemExit(f"Not exact: {there} are {state}, {shown} are shown.")
    return seconds


def _line(kind: str, wanted: int, times: Times) -> str:
    signing, reading = times.signing, times.reading
    return (
        f"{kind}: {wanted:,} out in {times.out:.1f} s, back in {times.back:.1f} s; meanwhile {signing.statuses} signings, "
        f"worst two seconds' p99 {signing.p99 * 1000:.0f} ms; {reading.statuses} reads of the count, "
        f"p99 {reading.p99 * 1000:.0f} ms"
    )


if __name__ == "__main__":
    sys.exit(main())
