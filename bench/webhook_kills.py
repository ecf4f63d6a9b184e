"""20,000 webhooks from a sender that repeats until it hears 2xx, while the web server is killed (-9) and started again.

`python -m bench webhook_kills`. Counted at the end: events without an effect (lost), and effects that are there twice."""

import http.client
import json
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue

from sqlalchemy import func, select

from bench.ground import HERE, WEBHOOK_SECRET, Site, end, wait_for
from bench.load import UNIQUE, signature, unique
from bench.measure import Line, WrongAnswer
from bench.plan import Plan
from bench.webhook import CLIENTS, PATH, event, insert_donations
from core.db import db
from core.jobs import Job
from donations.models import Payment, PaymentStatus, StripeEvent
from operations.processes import Child

RUN = 9000  # beside the rounds of the other benchmark
REPEATED = 5  # every fifth event is sent once more though it was acknowledged
LIVES = (0.3, 2.0)  # seconds that a server lives, at least and at most
PATIENCE = 5.0


def run(plan: Plan, sites: Mapping[str, Site]) -> list[Line]:
    return [line for name, site in sites.items() for line in drill(name, site, plan.webhooks)]


def drill(name: str, site: Site, events: int) -> list[Line]:
    """Raises WrongAnswer where an acknowledged event is lost or has two effects."""
    insert_donations(site, RUN, -(-events // CLIENTS))
    waiting: SimpleQueue[str] = SimpleQueue()
    marks = [unique(RUN, number % CLIENTS, number // CLIENTS) for number in range(events)]
    for number, mark in enumerate(marks):
        for _ in range(2 if number % REPEATED == 0 else 1):
            waiting.put(mark)
    answers: Counter[str] = Counter()
    done = threading.Event()
    senders = [threading.Thread(target=send_all, args=(site.port, waiting, answers)) for _ in range(CLIENTS)]
    killer = threading.Thread(target=kill_and_start, args=(site, done, answers))
    began = time.perf_counter()
    killer.start()
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    seconds = time.perf_counter() - began
    done.set()
    killer.join()
    lost, double = compare(site, marks)
    if lost or double:
        raise WrongAnswer(f"{name}: {lost} lost, {double} double of {events}")
    return [
        Line(f"webhook, {name}, killed", answers["killed"], "times"),
        Line(f"webhook, {name}, killed: events sent", answers["sent"], "in all"),
        Line(f"webhook, {name}, killed: unanswered and sent again", answers["unanswered"], ""),
        Line(f"webhook, {name}, killed: lost", lost, f"of {events}"),
        Line(f"webhook, {name}, killed: double", double, f"in {seconds:.0f} s"),
    ]


def send_all(port: int, waiting: "SimpleQueue[str]", answers: Counter[str]) -> None:
    """Takes events and sends each until it is answered 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with suppress(Empty):
        while True:
            body = json.dumps(event()).replace(UNIQUE, waiting.get_nowait()).encode()
            while send(connection, body, answers) != 200:
                time.sleep(0.05)


def send(connection: http.client.HTTPConnection, body: bytes, answers: Counter[str]) -> int:
    header = signature(WEBHOOK_SECRET, body).decode().strip().partition(": ")[2]
    answers["sent"] += 1
    try:
        connection.request("POST", PATH, body, {"Stripe-Signature": header, "Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except (OSError, http.client.HTTPException):
        connection.close()
        answers["unanswered"] += 1
        return 0


def kill_and_start(site: Site, done: threading.Event, answers: Counter[str]) -> None:
    chance = random.Random(9)
    while not done.is_set():
        child = Child("web", site.command("serve:web"))
        child.start(site.environment, HERE)
        wait_for(site.port, "/readyz")
        if done.wait(chance.uniform(*LIVES)):
            end(child)
        elif child.process:
            os.killpg(child.process.pid, signal.SIGKILL)
            child.process.wait()
            answers["killed"] += 1


def compare(site: Site, marks: list[str]) -> tuple[int, int]:
    """How many events have no effect, and how many effects are there more often than once."""
    wanted = {f"pi_{mark}" for mark in marks}
    with site.app.app_context():
        mine = (Payment.status == PaymentStatus.PAID, Payment.stripe_id.like(f"pi_{RUN}%"))
        paid = Counter(db.session.scalars(select(Payment.stripe_id).where(*mine)))
        receipts = Counter(db.session.scalars(select(Job.key).where(Job.key.like(f"donations.receipt:pi_{RUN}%"))))
        told = db.session.scalar(select(func.count()).where(StripeEvent.id.like(f"evt_{RUN}%")))
    lost = len(wanted - paid.keys()) + len(wanted) - len(receipts) + len(wanted) - int(told or 0)
    return lost, sum(paid.values()) - len(paid) + sum(receipts.values()) - len(receipts)
