"""An update to 100,000 who asked for news, over a real SMTP server, while the worker is killed (-9) twice and started again.

`python -m bench updates`. Counted at the end: who was left out, who got two mails, and mails that went twice as the same one:
killed between the server's 250 and the commit, a mail goes again with its Message-ID (core.mail)."""

import signal
import subprocess
import time
from collections.abc import Mapping

from sqlalchemy import select

from bench.ground import SLUG, Site
from bench.measure import Line, WrongAnswer
from bench.plan import Plan
from core.db import db
from petitions.services import get_by_slug
from petitions.updates import services
from petitions.updates.counting import progress
from petitions.updates.models import Update, UpdateState
from tests.core.smtp import Server
from tests.updates.many import address_of, forget_leases, sign_many, start_worker

KILLED_AT = (1 / 3, 2 / 3)  # of the mails
BODY = "Both were *freed* this morning. Read [what the court said](https://example.org/court).\n\n" * 8
LOOKED_EVERY = 0.05
SILENCE = 60.0  # seconds without a mail: something has stopped


def run(plan: Plan, sites: Mapping[str, Site]) -> list[Line]:
    return [line for name, wanted in plan.updates for line in drill(name, sites[name], wanted)]


def drill(name: str, site: Site, wanted: int) -> list[Line]:
    """Raises WrongAnswer where anybody is left out or gets two."""
    server = Server()
    server.start()
    update_id = announce(site, wanted)
    environment = {**site.environment, "ROLE": "worker", "SMTP_URL": f"smtp://127.0.0.1:{server.port}"}
    began = time.perf_counter()
    for share in KILLED_AT:
        worker = start_worker(environment)
        wait(server, worker, int(wanted * share), wanted)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        forget_leases(site.app)
    worker = start_worker(environment)
    wait(server, worker, wanted, wanted)
    while state_of(site, update_id) != UpdateState.SENT:
        time.sleep(LOOKED_EVERY)
    seconds = time.perf_counter() - began
    worker.terminate()
    worker.wait()
    server.stop()
    mails = [(str(mail["Message-ID"]), str(mail["To"])) for mail in server.inbox.mails()]
    reached = dict(mails)
    left_out = wanted - len(set(reached.values()))
    double = len(reached) - len(set(reached.values()))
    if left_out or double or set(reached.values()) != set(map(address_of, range(wanted))):
        raise WrongAnswer(f"{name}: {left_out} left out, {double} got two, of {wanted}")
    with site.app.app_context():
        counted = progress(db.session.get_one(Update, update_id)).sent
    return [
        Line(f"update, {name}, worker killed twice", wanted / seconds, "mails/s"),
        Line(f"update, {name}: addresses reached once", counted, f"in {seconds:.0f} s"),
        Line(f"update, {name}: left out", left_out, f"of {wanted}"),
        Line(f"update, {name}: two mails", double, f"of {wanted}"),
        Line(f"update, {name}: the same mail sent again", len(mails) - len(reached), "after 2 kills"),
    ]


def announce(site: Site, wanted: int) -> int:
    """An update on its way, to so many; its id."""
    with site.app.app_context():
        petition = get_by_slug(SLUG)
        sign_many(petition.id, wanted)
        made = services.create(petition, actor="bench@example.org", subject="News that you asked for", body=BODY)
        services.schedule(made, actor="bench@example.org")
        db.session.commit()
        return made.id


def wait(server: Server, worker: "subprocess.Popen[bytes]", mails: int, wanted: int) -> None:
    """Until so many mails have arrived; raises WrongAnswer where the worker ended, or none comes any more."""
    last, seen = time.monotonic(), 0
    while len(server.inbox.received) < mails:
        if len(server.inbox.received) > seen:
            last, seen = time.monotonic(), len(server.inbox.received)
        if worker.poll() is not None or time.monotonic() - last > SILENCE:
            raise WrongAnswer(f"the update stopped after {seen} of {wanted} mails")
        time.sleep(LOOKED_EVERY)


def state_of(site: Site, update_id: int) -> UpdateState:
    with site.app.app_context():
        return db.session.scalars(select(Update.state).where(Update.id == update_id)).one()
