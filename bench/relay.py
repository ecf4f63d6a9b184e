"""A small provider and a large petition: 8,000 signings at 300 mails a day over a real SMTP server, the clock set forward.

`python -m bench.relay [SIGNINGS] [A_DAY]`: SQLite, one worker. Exit code 1 where anybody is left out or written to twice."""

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import time_machine

from bench.ground import SLUG, Site, make_site
from core import clock, relay, switches
from core.db import db
from core.worker import Worker
from petitions import services, submission_services
from petitions.states import Visibility
from tests.core.smtp import Server

CLIENTS = 8
LONGEST = 400  # days


def main(signings: int, a_day: int) -> int:
    server = Server()
    server.start()
    with tempfile.TemporaryDirectory(prefix="undersigned-bench-") as folder:
        site = make_site(Path(folder), "sqlite")
        settings = site.app.config["UNDERSIGNED"]
        site.app.config["UNDERSIGNED"] = replace(settings, smtp_url=f"smtp://127.0.0.1:{server.port}")
        began = time.perf_counter()
        sign(site, signings)
        print(f"{signings} signings stored in {time.perf_counter() - began:.1f} s")
        began = time.perf_counter()
        days, busiest = work(site, server, signings, a_day)
        print(f"everybody written to after {days:.1f} days; busiest 24 hours: {busiest} mails; "
              f"worker at it for {time.perf_counter() - began:.1f} s")  # fmt: skip
    server.stop()
    asked = [mail["To"] for mail in server.inbox.mails() if mail["Subject"] == "Please confirm your address"]
    print(f"asked to confirm: {len(asked)}, of them different: {len(set(asked))}")
    return 0 if len(asked) == len(set(asked)) == signings and busiest <= a_day else 1


def sign(site: Site, signings: int) -> None:
    def one(number: int) -> None:
        with site.app.app_context():
            person = dict.fromkeys(("postal_code", "role", "affiliation", "comment"), "")
            person |= {"name": f"Person {number}", "email": f"p{number}@example.org"}
            given = {**person, "updates": False, "may_ask": False}
            petition = services.remembered(SLUG)
            submission_services.submit(petition, country="IE", visibility=Visibility.COUNTED, source="", person=given)

    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(one, range(signings)))


def work(site: Site, server: Server, signings: int, a_day: int) -> tuple[float, int]:
    """Works through the days, an hour at a time; how many it took, and the most mails of any 24 hours."""
    worker: Worker = site.app.extensions["jobs"]
    hours: list[int] = []
    with site.app.app_context(), time_machine.travel(clock.to_hour(clock.now()), tick=False) as now:
        switches.turn(actor="bench", mails_a_day=a_day)
        db.session.commit()
        switches.forget()
        while sum(hours) < signings and len(hours) < 24 * LONGEST:
            worker.drain()
            hours.append(len(server.inbox.received) - sum(hours))
            if len(hours) == 1:
                print(f"foreseen: {(relay.backlog(relay.CONFIRMATION).clears_at or now) - clock.now()}")  # type: ignore[operator]
            now.shift(timedelta(hours=1))
    return len(hours) / 24, max(sum(hours[at : at + 24]) for at in range(len(hours)))


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    sys.exit(main(*given) if given else main(8000, 300))
