"""A petition of a million signatures: what its pages ask the database, and whether counting keeps up with confirming.

Run alone: `python -m bench million`. It takes some minutes for each database, most of them to make the signatures."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from statistics import median
from typing import Any

from sqlalchemy import event, select, text

from bench.confirmer import LIMIT_TABLE
from bench.ground import HERE, SLUG, PostgreSQL, Site
from bench.measure import Aim, Line, WrongAnswer
from bench.million_rows import fill, rows, submission, write
from bench.plan import Plan
from bench.signatures import address_of
from core import clock
from core.db import db
from core.vault import vault
from petitions import list_services
from petitions.counting import tallies
from petitions.counting.models import TallyChange
from petitions.models import Submission
from petitions.services import get_public
from petitions.states import SubmissionState

AT_MOST = Aim("ours", 20.0, least=False)
CONFIRMATIONS = Aim("ours", 600.0)
BIG = ("signatures", "submissions", "tally_changes")
REPEATS = 20
CONFIRMERS = {"SQLite": 1, "PostgreSQL": 4}  # processes: SQLite's sites have one that serves
SECONDS = 10


def run(plan: Plan, sites: Mapping[str, Site], server: PostgreSQL) -> list[Line]:
    found = []
    for name, site in sites.items():
        began = time.perf_counter()
        fill(site, plan.million)
        if name == "PostgreSQL":
            server.call("psql", site.uri, "-qc", "VACUUM ANALYZE")
        found.append(Line(f"million, {name}, made in", time.perf_counter() - began, "s"))
        found += [*reading(name, site, plan.million), *confirming(name, site, plan.million, server)]
    return found


def reading(name: str, site: Site, million: int) -> Iterator[Line]:
    """What each page and the search cost at the database alone, statement by statement."""
    deep, client = million // 2, site.app.test_client()

    def search() -> None:
        with site.app.app_context():
            found = list_services.find_by_address(get_public(SLUG), address_of(million // 2))
            if len(found.signatures) != 1 or len(found.submissions) != 1:
                raise WrongAnswer(f"the search found {len(found.signatures)} signatures")

    def page(path: str) -> Callable[[], None]:
        def ask() -> None:
            answer = client.get(f"/petitions/{SLUG}{path}")
            if answer.status_code != 200:
                raise WrongAnswer(f"{path} answered {answer.status_code}")

        return ask

    asked = {
        "petition page": page("?now"), "count.json": page("/count.json?now"), "its JSON": page(".json?now"),
        "list, first page": page("/signatories?now"), "list, deep in": page(f"/signatories?before={deep}"),
        "office search by address": search,
    }  # fmt: skip
    for what, ask in asked.items():
        ask()  # so that what a process remembers is remembered
        with site.app.app_context(), statements() as seen:
            ask()
        yield Line(f"million, {name}, {what}, at the database", at_the_database(site, seen), "ms", aim=AT_MOST)


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """Every statement, with its parameters, that the block sends."""
    seen: list[tuple[str, Any]] = []

    def note(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        seen.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def at_the_database(site: Site, seen: list[tuple[str, Any]]) -> float:
    """Milliseconds that these statements take, fetched whole: the median. Raises WrongAnswer where one reads a whole table."""
    if not seen:
        raise WrongAnswer("the database was not asked at all")
    with site.app.app_context(), db.engine.connect() as connection:
        cursor, times = connection.connection.cursor(), []
        for _ in range(REPEATS):
            began = time.perf_counter()
            for statement, parameters in seen:
                cursor.execute(statement, parameters)
                cursor.fetchall()
            times.append((time.perf_counter() - began) * 1000)
        for statement, parameters in seen:
            look_for_scans(connection.dialect.name, cursor, statement, parameters)
        connection.rollback()
    return median(times)


def look_for_scans(dialect: str, cursor: Any, statement: str, parameters: Any) -> None:
    words = {"postgresql": ("EXPLAIN", "Seq Scan on"), "sqlite": ("EXPLAIN QUERY PLAN", "SCAN")}
    explain, scan = words[dialect]
    cursor.execute(f"{explain} {statement}", parameters)
    for row in cursor.fetchall():
        line = str(row[-1])
        if any(f"{scan} {table}" in line and "USING" not in line for table in BIG):
            raise WrongAnswer(f"{line}: {statement}")


def confirming(name: str, site: Site, million: int, server: PostgreSQL) -> Iterator[Line]:
    """Processes confirm what waits as fast as they can while a worker folds; then how long the rest takes to fold."""
    waiting = make_waiting(site, 2 * int(CONFIRMATIONS.bound) * SECONDS)
    with site.app.app_context():
        db.session.execute(text(f"CREATE TABLE {LIMIT_TABLE} (number INTEGER)"))
        db.session.commit()
    _, took, _ = crowd(site, CONFIRMERS[name], "insert", waiting[: len(waiting) // 4])
    limit = len(waiting) // 4 / took
    folder = start("fold", site, [])
    folder.stdout.readline()
    print("go", file=folder.stdin, flush=True)
    spent = server.cpu()
    done, took, cpu = crowd(site, CONFIRMERS[name], "confirm", waiting)
    spent = server.cpu() - spent
    folder.stdin.close()
    most = json.loads(folder.stdout.readline())[0]
    folder.wait(60)
    began = time.perf_counter()
    with site.app.app_context():
        while tallies.fold():
            pass
        rest = time.perf_counter() - began
        counted, wanted = tallies.total(get_public(SLUG).id), million + done
        if counted != wanted or tallies.drift():
            raise WrongAnswer(f"{counted} counted of {wanted}")
    yield Line(
        f"million, {name}, confirmations while folding",
        done / took,
        "/s",
        limit,
        "/s, one-row commits",
        done / took / limit,
        CONFIRMATIONS,
    )
    yield Line(f"million, {name}, CPU of our side a confirmation", cpu / done * 1000, "ms")
    if site.uri:
        yield Line(f"million, {name}, CPU of the server a confirmation, folding included", spent / done * 1000, "ms")
    yield Line(f"million, {name}, most that waited to be folded", most, "rows")
    yield Line(f"million, {name}, the rest folded in", rest * 1000, "ms")
    yield Line(f"million, {name}, folding alone", folding(site), "/s", aim=CONFIRMATIONS)


def crowd(site: Site, processes: int, act: str, ids: list[int]) -> tuple[int, float, float]:
    """Processes that share out the ids and begin together: how many were done, in how many seconds, with how much CPU."""
    share = len(ids) // processes
    started = [start(act, site, ids[begin : begin + share]) for begin in range(0, share * processes, share)]
    for one in started:
        one.stdout.readline()  # it is ready
    began = time.perf_counter()
    for one in started:
        print("go", file=one.stdin, flush=True)
    told = [json.loads(one.stdout.readline()) for one in started]
    took = time.perf_counter() - began
    for one in started:
        one.wait(60)
    return sum(count for count, _ in told), took, sum(spent for _, spent in told)


def make_waiting(site: Site, wanted: int) -> list[int]:
    """The ids of so many submissions whose mail has been sent."""
    with site.app.app_context():
        petition = get_public(SLUG)
        vault().prepare(petition.scope)
        made = []
        for number, row in enumerate(rows(petition, wanted)):
            made.append({**submission(row, SubmissionState.MAILED), "email_index": number.to_bytes(32)})
        write(Submission, made)
        db.session.commit()
        mailed = select(Submission.id).where(Submission.state == SubmissionState.MAILED).order_by(Submission.id)
        return list(db.session.scalars(mailed))


def folding(site: Site) -> float:
    """Changes a second that one folder folds when there are always enough of them; they come out even."""
    with site.app.app_context():
        petition_id, moment = get_public(SLUG).id, clock.to_hour(clock.now())
        many = 60_000
        write(TallyChange, [
            {
                "petition_id": petition_id, "change": 1 if number % 2 else -1, "country": "IE", "source": "other",
                "hour": moment, "method": "web",
            }
            for number in range(many)
        ])  # fmt: skip
        db.session.commit()
        began = time.perf_counter()
        while tallies.fold():
            pass
        return many / (time.perf_counter() - began)


def start(act: str, site: Site, ids: list[int]) -> Any:
    """A process of its own that says when it is ready and what it did."""
    command = [sys.executable, "-m", "bench.confirmer", act]
    one = subprocess.Popen(
        command, cwd=HERE, env=site.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    print(json.dumps(ids), file=one.stdin, flush=True)
    return one
