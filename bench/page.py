"""The petition page, as a crowd that watches the count asks for it, beside a Flask route that says "hello"."""

import re
import shutil
import subprocess
from contextlib import ExitStack

from bench.ground import SLUG, Site
from bench.load import Order, drive
from bench.measure import Line, WrongAnswer, beside
from bench.plan import Plan

CLIENTS = 16
AIM = 0.9


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
    """Answers a second that were all 200: by wrk where it is installed, else by our own, slower client."""
    wrk = shutil.which("wrk")
    if wrk is None:
        outcome = drive(Order(port, "GET", path, clients=CLIENTS, seconds=seconds))
        if set(outcome.statuses) != {"200"}:
            raise WrongAnswer(f"{path} answered {outcome.statuses}")
        return outcome.rate
    command = [wrk, "-t1", f"-c{CLIENTS}", f"-d{max(1, round(seconds))}s", f"http://127.0.0.1:{port}{path}"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if found is None or "Non-2xx" in said or "Socket errors" in said:
        raise WrongAnswer(f"{path}: {said}")
    return float(found[1])
