"""Three days in some minutes: what was sent goes through the real services and the worker's real ticks, minute by minute.

The clock is simulated; mail is taken as handed over when it is promised; the DNS is away; nothing else is left out."""

import heapq
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import inf

import time_machine
from flask import Flask
from sqlalchemy import delete, select

from app import JOBS
from bench.stuffing.organiser import Organiser
from bench.stuffing.people import Sent
from core import clock, jobs
from core.db import db
from core.jobs import Job
from core.mailboxes import mail_domains
from core.mailboxes.mail_servers import mail_servers
from petitions import confirmation_services, signature_services, submission_services
from petitions.abuse import held_services, invalidation_batches, watching
from petitions.counting import tallies
from petitions.models import Petition, Submission
from petitions.states import SubmissionState, Visibility

BEGIN = datetime(2026, 6, 1, tzinfo=UTC)
DAYS_AFTER = 0.5  # until late confirmations are in
MINUTE = 60.0
HANDLERS = {**JOBS, "mail": lambda job: None}


@dataclass
class Replay:
    """A run under way: who sent which row, and who presses the button of the mail when."""

    petition_id: int
    sent: dict[str, Sent] = field(default_factory=dict)
    pressing: list[tuple[float, str]] = field(default_factory=list)


def run(app: Flask, petition_id: int, signings: Iterable[Sent], organiser: Organiser) -> Replay:
    """Replays everything; gives who sent what, for the report."""
    replay, queue = Replay(petition_id), sorted(signings, key=lambda one: one.at)
    real, end = time.monotonic, queue[-1].at + DAYS_AFTER * 24 * 3600
    at, now = 0, 0.0
    with app.app_context(), time_machine.travel(BEGIN, tick=False) as traveller:
        mail_servers()._away_until = inf
        time.monotonic = lambda: real() + now  # what is remembered for seconds is so in the drill's time, too
        try:
            while now < end:
                while at < len(queue) and queue[at].at < now + MINUTE:
                    traveller.move_to(BEGIN + timedelta(seconds=queue[at].at))
                    _submit(replay, queue[at])
                    at += 1
                now += MINUTE
                traveller.move_to(BEGIN + timedelta(seconds=now))
                _minute(replay, now)
                organiser.work(replay.sent, now)
                if now % (6 * 3600) == 0:
                    print(f"hour {now / 3600:.0f}", file=sys.stderr, flush=True)
        finally:
            time.monotonic = real
    return replay


def _submit(replay: Replay, one: Sent) -> None:
    petition = db.session.get_one(Petition, replay.petition_id)
    person = {
        "name": one.name, "email": mail_domains.clean(one.email, 254), "postal_code": "", "role": "", "affiliation": "",
        "comment": "", "updates": False, "may_ask": False,
    }  # fmt: skip
    public_id = submission_services.submit(
        petition, country=one.country, visibility=Visibility.RECIPIENTS, source="", person=person, bucket=one.bucket,
        proved=one.proof,
    )  # fmt: skip
    replay.sent[public_id] = one


def _minute(replay: Replay, now: float) -> None:
    """What the worker does within a minute, and who confirms in it."""
    held_services.trickle()
    while submission_services.open_received():
        pass
    watching.look_for_waves()
    invalidation_batches.follow()
    if now % 300 == 0:
        submission_services.forget_buckets()
    db.session.execute(delete(Job).where(Job.kind == "mail"))
    db.session.commit()
    jobs.run_pending(HANDLERS)
    _hand_over(replay, now)
    _confirm(replay, now)
    while tallies.fold():
        pass
    db.session.remove()


def _hand_over(replay: Replay, now: float) -> None:
    """The mails that were promised are in their mailboxes now."""
    fresh = (Submission.state == SubmissionState.MAILED, Submission.mails > 0, Submission.mailed_at.is_(None))
    for row_id, public_id, code in db.session.execute(
        select(Submission.id, Submission.public_id, Submission.code_digest).where(*fresh)
    ).all():
        confirmation_services.sent(row_id, {})
        after = replay.sent[public_id].confirms_after
        if code is not None and after is not None:
            heapq.heappush(replay.pressing, (now + after, public_id))
    db.session.commit()


def _confirm(replay: Replay, now: float) -> None:
    petition = db.session.get_one(Petition, replay.petition_id)
    while replay.pressing and replay.pressing[0][0] <= now:
        _at, public_id = heapq.heappop(replay.pressing)
        submission = db.session.scalars(select(Submission).where(Submission.public_id == public_id)).one()
        signature_services.confirm(petition, submission)
        db.session.commit()
    assert clock.now() >= BEGIN
