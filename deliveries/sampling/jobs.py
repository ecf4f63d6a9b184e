"""The worker's part of a sample: finds who may be asked, writes to them, counts what they say, and closes by the clock."""

import random
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import select, update

from core import bounces, clock, mail, relay, tokens, unsubscribes
from core.bulk import Watch
from core.db import db
from core.jobs import Handler, Job
from core.worker import Tick
from deliveries.asking import MovedOn
from deliveries.models import Delivery, LinePart
from deliveries.sampling import answering, services
from deliveries.sampling.models import Sample, SampleQuestion
from deliveries.states import SampleState
from petitions import mails, retelling
from petitions.models import Petition, Signature, Submission
from petitions.persons import opener
from petitions.updates.audience import SPOILT, STANDING, WRITTEN_TO, start_clocks

CHECK = "sample"
ID = 8  # bytes of a signature's id in LinePart


class Askable(NamedTuple):
    signature_id: int
    public_id: str
    email: str
    name: str
    language: str


def ask(job: Job) -> None:
    """Writes to those on the drawn lines who agreed to be asked; to nobody where a share could never be told."""
    sample = db.session.get_one(Sample, job.args["sample"])
    delivery = db.session.get_one(Delivery, sample.delivery_id)
    if sample.state != SampleState.ASKING or sample.closes_at is not None:
        return
    sample.closes_at = clock.now() + services.OPEN_FOR
    people = askable(delivery.petition, signatures_of(delivery, sample.numbers)) if services.offered(delivery) else []
    db.session.flush()
    if len(people) < services.LEAST_ANSWERS:
        return services.close(sample)
    random.SystemRandom().shuffle(people)  # else the order of the questions would tell the order of the lines
    sample.mailed = len(people)
    sent = _submissions(people)
    for one in people:
        _promise(delivery.petition, sample, one, sent[one.public_id])


def signatures_of(delivery: Delivery, numbers: Iterable[int]) -> list[int]:
    """The ids of the signatures that stand on these lines; those that were corrected since are left out."""
    wanted, found = sorted(numbers), []
    parts = select(LinePart.first, LinePart.signature_ids).where(LinePart.delivery_id == delivery.id)
    for first, packed in db.session.execute(parts.order_by(LinePart.first)):
        for place in (number - first for number in wanted):
            if 0 <= place < len(packed) // ID:
                found.append(int.from_bytes(packed[place * ID : (place + 1) * ID], "big"))
    return [signature_id for signature_id in found if signature_id]


def askable(petition: Petition, ids: Iterable[int]) -> list[Askable]:
    """Those of the signatures that stand, whose owner ticked `may_ask` and takes our mail."""
    theirs = (Signature.petition_id == petition.id, Signature.id.in_(list(ids)), Signature.cleared_at.is_(None))
    open_row, found = opener(petition), []
    for row in db.session.execute(STANDING.where(*theirs, *WRITTEN_TO).order_by(Signature.id)):
        try:
            person = open_row(row.key_id, row.data_key_id, row.blob, row.public_id)
        except SPOILT:  # nobody knows what they wished
            continue
        if person.get("may_ask") and person.get("email"):
            found.append(Askable(row.id, row.public_id, person["email"], person["name"], row.language))
    known, marks = _submissions(found), {one: unsubscribes.digest_of(one.email) for one in found}
    silent = unsubscribes.among(marks.values()) | set(bounces.among(list(marks.values())))
    return [one for one in found if one.public_id in known and marks[one] not in silent]


def still_wanted(email: str, told: Mapping[str, Any]) -> str:
    """core.bulk's check: why a promised question must not go any more."""
    question = db.session.get(SampleQuestion, told["question"])
    if question is None or question.signature_id is None or not answering.is_open(question):
        return "closed"
    sample = db.session.get_one(Sample, question.sample_id)
    petition = db.session.get_one(Delivery, sample.delivery_id).petition
    return "" if email in {one.email for one in askable(petition, [question.signature_id])} else "unwanted"


def count(job: Job) -> None:
    """Counts one answer; nothing says whose it was. Once a sample is closed its numbers do not move any more."""
    sealed = job.sealed()
    column = Sample.yes if sealed["yes"] else Sample.no
    here = update(Sample).where(Sample.id == sealed["sample"], Sample.state == SampleState.ASKING)
    db.session.execute(here.values({column: column + 1}), execution_options=services.UNSYNCED)


def tend() -> bool:
    """Closes what has had its time, and whatever may not be asked any more: a case may have become dangerous. Commits."""
    ended = [sample for sample in db.session.scalars(_open()) if _is_over(sample)]
    for sample in ended:
        try:
            if sample.state == SampleState.ASKING:
                services.close(sample)
            else:
                services.move(sample, SampleState.ASKED, SampleState.REFUSED, decided_at=clock.now())
        except MovedOn:
            db.session.rollback()
        else:
            db.session.commit()
    return bool(ended)


def _open() -> Any:
    return select(Sample).where(Sample.state.in_((SampleState.ASKED, SampleState.ASKING))).order_by(Sample.id)


def _is_over(sample: Sample) -> bool:
    if not services.offered(db.session.get_one(Delivery, sample.delivery_id)):
        return True
    if sample.state == SampleState.ASKED:
        return sample.asked_at + services.UNDECIDED_FOR <= clock.now()
    return sample.closes_at is not None and sample.closes_at + services.LATE <= clock.now()


def _submissions(people: Iterable[Askable]) -> dict[str, Submission]:
    """What they sent, by public id: their links to leave hang on it."""
    ids = [one.public_id for one in people]
    return {row.public_id: row for row in db.session.scalars(select(Submission).where(Submission.public_id.in_(ids)))}


def _promise(petition: Petition, sample: Sample, one: Askable, submission: Submission) -> None:
    server, secret = current_app.config["UNDERSIGNED"].server_url, tokens.new_secret()
    question = SampleQuestion(sample_id=sample.id, signature_id=one.signature_id, digest=tokens.digest(secret))
    db.session.add(question)
    db.session.flush()
    links, _digests = mails.fresh_links(submission, mails.ALWAYS, server)
    every = {
        "question": f"{server}/questions/{secret}",
        "unsubscribe": f"{server}/unsubscribe/{unsubscribes.token_of(one.email)}",
    }
    closes = (sample.closes_at or clock.now()).astimezone(ZoneInfo(petition.time_zone)).date()
    mail.promise(
        "sample", to=one.email, key=f"sample:{tokens.new_secret()}", language=one.language, priority=relay.AFTERWARDS,
        context={
            "name": one.name, "language": one.language, "until": clock.day(closes, one.language),
            "links": {**links, **every},
        },
        teller=retelling.of(petition), bulk=(CHECK, {"question": question.id, "links": links}),
    )  # fmt: skip


JOBS: dict[str, Handler] = {services.ASK: ask, answering.COUNT: count}
TICKS = (Tick(tend, every=60.0),)
CHECKS = {CHECK: Watch(still_wanted, start_clocks)}
