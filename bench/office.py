"""The office at a million signatures: what each page costs the server, from the request to the last byte, no network.

Run alone: `python -m bench office`. Some minutes for each database, most of them to make the rows."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from statistics import median, quantiles

from flask.testing import FlaskClient

from bench import office_rows
from bench.ground import SLUG, PostgreSQL, Site
from bench.measure import Aim, Line, WrongAnswer
from bench.million_rows import fill
from bench.plan import Plan
from bench.signatures import address_of
from core.audit_checks import check_all
from core.db import db
from organisers import services as organisers
from petitions.services import get_public

AT_MOST = Aim("ours", 100.0, least=False)
REPEATS = 40
CSRF = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


def run(plan: Plan, sites: Mapping[str, Site], server: PostgreSQL) -> list[Line]:
    found = []
    for name, site in sites.items():
        fill(site, plan.million)
        office_rows.fill(site, plan.million)
        if name == "PostgreSQL":
            server.call("psql", site.uri, "-qc", "VACUUM ANALYZE")
        began = time.perf_counter()
        with site.app.app_context():
            check_all()
        found.append(Line(f"office, {name}, worker's walk along the chain", time.perf_counter() - began, "s"))
        found += pages(name, site, plan.million)
    return found


def pages(name: str, site: Site, million: int) -> Iterator[Line]:
    """Each page's time beside that of a page of the office that counts nothing."""
    client = enter(site)
    with site.app.app_context():
        subject = get_public(SLUG)
        number, case = subject.id, f"/cases/{subject.case.slug}"
    petition, public = f"/office/petitions/{number}", f"/petitions/{SLUG}"
    asked: dict[str, Callable[[], None]] = {
        "dashboard": page(client, "/office/"), "petition": page(client, petition),
        "petition, chart of all": page(client, f"{petition}?chart=all"), "counting": page(client, f"{petition}/counting"),
        "held": page(client, f"{petition}/held"), "invalidations": page(client, f"{petition}/invalidations"),
        "new invalidation": page(client, f"{petition}/invalidations/new"), "signals": page(client, "/office/signals"),
        "gifts": page(client, "/office/gifts"), "gifts, paid ones": page(client, "/office/gifts?state=paid"),
        "gifts, contested": page(client, "/office/gifts?state=disputed"),
        "gifts, a number": page(client, "/office/gifts?number=pi_77"), "audit chain": page(client, "/office/audit"),
        "moderation room": page(client, "/office/moderation"),
        "moderation room, reported": page(client, "/office/moderation?state=reported"),
        "updates": page(client, f"{petition}/updates"), "imports": page(client, f"{petition}/imports"),
        "retention": page(client, f"{petition}/retention"), "paper": page(client, f"{petition}/paper"),
        "search by address": search(client, f"{petition}/search", million // 2),
        "public page, not cached": page(client, f"{public}?now"),
        "public comments, not cached": page(client, f"{case}/comments?now"),
        "public signatories, deep in": page(client, f"{public}/signatories?before={million // 2}"),
    }  # fmt: skip
    for what, ask in asked.items():
        limit, _, _ = times(page(client, "/office/account"))  # each time anew: what else the machine does changes
        middle, slow, best = times(ask)
        yield Line(f"office, {name}, {what}", middle, "ms", limit, "ms, the account page", middle / limit, AT_MOST)
        yield Line(f"office, {name}, {what}, p95", slow, "ms", aim=AT_MOST)
        yield Line(f"office, {name}, {what}, undisturbed", best, "ms", aim=AT_MOST)


def times(ask: Callable[[], None]) -> tuple[float, float, float]:
    """Milliseconds of many, after a first one that warms up: the median, the 95th percentile, and the least."""
    ask()
    taken = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        ask()
        taken.append((time.perf_counter() - began) * 1000)
    return median(taken), quantiles(taken, n=20)[-1], min(taken)


def enter(site: Site) -> FlaskClient:
    """A browser that an organiser has entered with."""
    with site.app.app_context():
        link = organisers.make_login_link(organisers.ensure_organiser("bench@example.org"))
        db.session.commit()
    client, path = site.app.test_client(), "/" + link.split("/", 3)[3]
    found = CSRF.search(client.get(path).text)
    if found is None or client.post(path, data={"csrf_token": found[1]}).status_code != 303:
        raise WrongAnswer("the office did not let an organiser in")
    return client


def page(client: FlaskClient, path: str) -> Callable[[], None]:
    def ask() -> None:
        answer = client.get(path)
        if answer.status_code != 200:
            raise WrongAnswer(f"{path} answered {answer.status_code}")

    return ask


def search(client: FlaskClient, path: str, number: int) -> Callable[[], None]:
    found = CSRF.search(client.get(path).text)
    form = {"csrf_token": found[1] if found else "", "email": address_of(number)}

    def ask() -> None:
        answer = client.post(path, data=form)
        if answer.status_code != 200 or "A signature, confirmed on" not in answer.text:
            raise WrongAnswer(f"{path} answered {answer.status_code}")

    return ask
