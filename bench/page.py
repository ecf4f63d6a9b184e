"""The petition page, as a crowd that watches the count asks for it, beside a Flask route that says "hello"."""

from contextlib import ExitStack

from bench.ground import SLUG, Site
from bench.load import Order
from bench.measure import Line, WrongAnswer, beside
from bench.plan import Plan
from bench.wrk import send

CLIENTS = 16
AIM = 3


def run(plan: Plan, site: Site, trivial: Site) -> list[Line]:
    ours, limit = [], []
    with ExitStack() as servers:
        page = servers.enter_context(site.server("serve:web", "/readyz"))
        hello = servers.enter_context(trivial.server("bench.trivial:web", "/"))
        for _ in range(plan.rounds):
            limit.append(rate(hello, "/", plan.seconds))
            ours.append(rate(page, f"/petitions/{SLUG}", plan.seconds))
    return [beside("page, cached", ours, limit, unit="/s", limit_is="Flask hello", aim=AIM)]


def rate(port: int, path: str, seconds: float) -> float:
    """Answers a second that were all 200."""
    outcome = send(Order(port, "GET", path, clients=CLIENTS, seconds=seconds))
    if set(outcome.statuses) != {"200"}:
        raise WrongAnswer(f"{path} answered {outcome.statuses}")
    return outcome.rate
