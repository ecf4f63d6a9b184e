"""`python -m bench.same_page`: can whoever signs tell by the answer what the site knows of an address? Prints a table.

Five kinds of address are posted in turn to the production server: a new one, one that has signed, one whose owner said "I
never signed this", one that an organiser holds, one of a throw-away domain. Status, headers and lengths must be equal; the
times of each kind beside the new ones' give an AUC (the chance that the slower of two is of that kind): 0.5 is a coin."""

import argparse
import http.client
import random
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlencode

from bench.ground import SLUG, Site, make_site, postgresql
from core.db import db
from core.tokens import form_token
from petitions import services, signature_services, submission_services
from petitions.abuse.models import DomainRule
from petitions.models import Petition, Submission
from petitions.states import ExitReason, RuleAction, Visibility

EACH = 2_000
FEWEST, MOST = 0.45, 0.55
NEW = "new"
ADDRESSES: Mapping[str, Callable[[int], str]] = {  # all of one length: what is typed may be told by its length
    NEW: lambda number: f"n{number:09}@somebody.example",
    "has signed": lambda number: "signed0001@somebody.example",
    "never signed": lambda number: "blocked001@somebody.example",
    "held": lambda number: f"h{number:09}@heldback.example",
    "disposable": lambda number: f"d{number:012}@mailinator.com",
}
SAME_FOR_ALL = ("location", "date")  # the address bar's token is sealed afresh each time; its length must be the same


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m bench.same_page", description=__doc__)
    arguments.add_argument("--each", type=int, default=EACH, help="Requests of each kind.")
    each: int = arguments.parse_args().each
    told = False
    with tempfile.TemporaryDirectory(prefix="undersigned-bench-") as name, postgresql(Path(name)) as server:
        for kind, uri in (("SQLite", ""), ("PostgreSQL", server.new_database())):
            site = make_site(Path(name), kind.lower(), uri)
            prepare(site)
            with site.server("serve:web", "/readyz"):
                told |= report(kind, *measure(site, each))
    return int(told)


def prepare(site: Site) -> None:
    """Somebody has signed, somebody has disowned, an organiser holds a domain."""
    with site.app.app_context():
        petition = services.get_by_slug(SLUG)
        db.session.add(DomainRule(domain="heldback.example", action=RuleAction.HOLD, created_by="bench"))
        db.session.commit()
        for kind in ("has signed", "never signed"):
            signed(petition, ADDRESSES[kind](0))
        blocked = db.session.query(Submission).order_by(Submission.id.desc()).first()
        assert blocked is not None
        signature_services.leave(petition.id, blocked.email_index, ExitReason.DISOWNED)
        db.session.commit()


def signed(petition: Petition, email: str) -> None:
    person = {"name": "Ada Example", "email": email, "updates": False, "may_ask": False}
    person |= dict.fromkeys(("postal_code", "role", "affiliation", "comment"), "")
    public_id = submission_services.submit(
        petition, country="IE", visibility=Visibility.RECIPIENTS, source="", person=person
    )
    submission_services.open_received()
    submission = db.session.query(Submission).filter_by(public_id=public_id).one()
    signature_services.confirm(petition, submission)
    db.session.commit()


def measure(site: Site, each: int) -> tuple[dict[str, list[float]], dict[str, set[tuple[object, ...]]]]:
    """Seconds of each request and what the answers looked like, by kind; the kinds are asked in random order, turn by turn."""
    with site.app.test_request_context():
        token = form_token()
    times: dict[str, list[float]] = defaultdict(list)
    looks: dict[str, set[tuple[object, ...]]] = defaultdict(set)
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    kinds, order = list(ADDRESSES), random.Random(1)
    for number in range(-50, each):  # the first ones warm the server up
        order.shuffle(kinds)
        for kind in kinds:
            seconds, look = post(connection, ADDRESSES[kind](number % 10**9), token)
            if number >= 0:
                times[kind].append(seconds)
                looks[kind].add(look)
    connection.close()
    return times, looks


def post(connection: http.client.HTTPConnection, email: str, token: str) -> tuple[float, tuple[object, ...]]:
    fields = {"name": "Ada Example", "email": email, "country": "IE", "visibility": "recipients", "token": token}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    body, start = urlencode(fields), time.perf_counter()
    connection.request("POST", f"/petitions/{SLUG}/sign", body, headers)
    answer = connection.getresponse()
    length = len(answer.read())
    seconds = time.perf_counter() - start
    fixed = tuple((name, value) for name, value in answer.getheaders() if name.lower() not in SAME_FOR_ALL)
    return seconds, (answer.status, fixed, length, len(answer.headers["Location"]))


def auc(ones: list[float], others: list[float]) -> float:
    """The chance that one of the others took longer than one of these; ties count half. Source: Mann and Whitney, 1947."""
    ranked = sorted([(value, 0) for value in ones] + [(value, 1) for value in others])
    total, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        total += sum(side for _value, side in ranked[at:end]) * (at + end + 1) / 2
        at = end
    return (total - len(others) * (len(others) + 1) / 2) / (len(ones) * len(others))


def report(database: str, times: dict[str, list[float]], looks: dict[str, set[tuple[object, ...]]]) -> bool:
    """Prints a line for each kind; whether any of them can be told from a new one."""
    told = False
    print(f"\n{database}: {len(times[NEW])} of each\n{'address':<14}{'median ms':>10}{'p99 ms':>10}{'AUC':>8}  answer")
    for kind, seconds in times.items():
        value, same = auc(times[NEW], seconds), looks[kind] == looks[NEW] and len(looks[NEW]) == 1
        told |= not (same and FEWEST <= value <= MOST)
        p99 = statistics.quantiles(seconds, n=100)[98] * 1000
        print(
            f"{kind:<14}{statistics.median(seconds) * 1000:>10.2f}{p99:>10.2f}{value:>8.3f}  {'equal' if same else looks[kind]}"
        )
    return told


if __name__ == "__main__":
    sys.exit(main())
