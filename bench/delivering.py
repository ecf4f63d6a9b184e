"""A whole pack of a large list, made by the worker while the petition's page is asked for: seconds of each stage, what its
processes hold together, and how long visitors wait meanwhile."""

import http.client
import itertools
import time
from statistics import quantiles
from typing import Any

import psutil

from bench.annex import held
from bench.ground import SLUG, Site
from bench.measure import Aim, Line, WrongAnswer
from bench.plan import Plan
from bench.signatures import insert_signatures
from core.db import db
from core.vault import SITE, vault
from deliveries import asking
from deliveries.columns import ALL
from deliveries.formats import FORMATS
from deliveries.models import Delivery
from deliveries.packs import store
from deliveries.states import UNDER_WAY, DeliveryState
from petitions.services import get_by_slug
from tests.updates.many import start_worker

SLOWEST = 100  # milliseconds, 99th percentile
PAUSE = 0.05  # seconds between two visitors


def run(plan: Plan, site: Site) -> list[Line]:
    """Raises WrongAnswer where the pack is not made, or the page does not answer."""
    insert_signatures(site, plan.million)
    delivery_id, stages, waits, peak = ask(site), {}, [], 0.0
    with site.server("serve:web", "/readyz") as port:
        visits(port, 10)  # the first one waits until the page is made
        alone = visits(port, 100)
        worker = start_worker({**site.environment, "ROLE": "worker"})
        began = time.perf_counter()
        try:
            while (found := look(site, delivery_id)).state in UNDER_WAY:
                stages[found.stage or "begun"] = time.perf_counter() - began
                peak = max(peak, held(psutil.Process(worker.pid)) / 2**20)
                waits += visits(port, 10)
        finally:
            worker.terminate()
            worker.wait()
    if found.state != DeliveryState.READY:
        raise WrongAnswer(f"the delivery is {found.state}: {found.reason}")
    return lines(site, delivery_id, stages, alone, waits, peak)


def ask(site: Site) -> int:
    with site.app.app_context():
        vault().prepare(SITE)
        petition = get_by_slug(SLUG)
        wishes = asking.Wishes(petition.recipients[0], "en", tuple(FORMATS), ALL)
        asked = asking.ask(petition, wishes, by=1, actor="bench@example.org", alone=True)
        db.session.commit()
        return asked.id


def look(site: Site, delivery_id: int) -> Delivery:
    with site.app.app_context():
        return db.session.get_one(Delivery, delivery_id)


def visits(port: int, times: int) -> list[float]:
    """Seconds that visitors of the page waited, one after the other, each with a pause before."""
    waited = []
    for _ in range(times):
        time.sleep(PAUSE)
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        began = time.perf_counter()
        connection.request("GET", f"/petitions/{SLUG}")
        if (status := connection.getresponse().status) != 200:
            raise WrongAnswer(f"the petition's page answered {status}")
        waited.append(time.perf_counter() - began)
        connection.close()
    return waited


def lines(
    site: Site, delivery_id: int, stages: dict[str, float], alone: list[float], waits: list[float], peak: float
) -> list[Line]:
    with site.app.app_context():
        found = db.session.get_one(Delivery, delivery_id)
        fetched = sum(len(chunk) for chunk in store.read(found)) / 2**20
        title, number = f"pack of {found.lines:,} lines", found.lines
    ends: list[Any] = [("", 0.0), *stages.items()]
    each = [Line(f"{title}, {stage}", now - before, "s") for (_, before), (stage, now) in itertools.pairwise(ends)]
    slow, usual = (1000 * quantiles(seconds, n=100)[98] for seconds in (waits, alone))
    return [
        *each,
        Line(f"{title}, altogether", ends[-1][1], "s"),
        Line(f"{title}, of all stages", number / ends[-1][1], "lines/s"),
        Line(f"{title}, size", fetched, "MB"),
        Line(f"{title}, worker and what it started, peak", peak, "MB"),
        Line(
            f"{title}, page p99 meanwhile",
            slow,
            "ms",
            usual,
            "ms alone",
            slow / usual,
            Aim("ours", SLOWEST, least=False),
        ),
    ]
