"""The answer of somebody who was asked: taken once, and forgotten whose it was; the public server may do no more."""

from flask import url_for
from sqlalchemy import select, update

from core import clock, tokens
from core.db import RowNotFound, db, insert
from core.jobs import WISH, enqueue
from deliveries.models import Delivery
from deliveries.sampling import services
from deliveries.sampling.models import Sample, SampleQuestion
from deliveries.states import SampleState
from petitions import mails
from petitions.models import Petition, Signature, SignatureToken, Submission
from petitions.states import Purpose, SignatureState

COUNT = "deliveries.sample_answer"  # the kind of the job


class QuestionGone(RowNotFound):
    """A link that was used, whose sample is closed, whose owner has left, or that was never ours."""


def get(secret: str) -> SampleQuestion:
    """The open question of a mailed link. Raises QuestionGone."""
    found = db.session.scalar(select(SampleQuestion).where(SampleQuestion.digest == tokens.digest(secret)))
    if found is None or not is_open(found) or not _stands(found):
        raise QuestionGone
    return found


def petition_of(question: SampleQuestion) -> Petition:
    delivery = select(Delivery).join(Sample, Sample.delivery_id == Delivery.id).where(Sample.id == question.sample_id)
    return db.session.scalars(delivery).one().petition


def is_open(question: SampleQuestion) -> bool:
    """Whether an answer still counts; never once the case is dangerous."""
    sample = db.session.get_one(Sample, question.sample_id)
    asking = sample.state == SampleState.ASKING and sample.closes_at is not None and sample.closes_at > clock.now()
    return asking and not question.answered and services.offered(db.session.get_one(Delivery, sample.delivery_id))


def answer(question: SampleQuestion, *, yes: bool) -> str:
    """Takes the answer; of two at once one counts. Where to leave, for who never signed; '' otherwise.

    What counts it is sealed, and goes with its job: nothing that stays says what somebody answered, or who did. The
    caller has prepared the vault for SITE. Raises QuestionGone."""
    signature_id = question.signature_id
    mine = update(SampleQuestion).where(SampleQuestion.id == question.id, SampleQuestion.digest.is_not(None))
    taken = mine.values(answered=True, digest=None, signature_id=None).returning(SampleQuestion.sample_id)
    sample_id = db.session.execute(taken, execution_options=services.UNSYNCED).scalar()
    if sample_id is None:
        raise QuestionGone
    enqueue(COUNT, sealed={"sample": sample_id, "yes": yes}, priority=WISH)
    return "" if yes else _way_out(signature_id)


def _way_out(signature_id: int | None) -> str:
    """The page on which they say “I never signed this”, by a link of its own: what is mailed is stored as a hash only."""
    same = select(Submission.id).join(Signature, Signature.public_id == Submission.public_id)
    submission_id = db.session.scalar(same.where(Signature.id == signature_id))
    if submission_id is None:
        return ""
    secret, until = tokens.new_secret(), clock.now() + mails.LIVES[Purpose.DISOWN]
    row = {"digest": tokens.digest(secret), "purpose": Purpose.DISOWN, "submission_id": submission_id}
    db.session.execute(insert(SignatureToken).values({**row, "expires_at": until}))
    return url_for("signatures.show", secret=secret, purpose=Purpose.DISOWN)


def _stands(question: SampleQuestion) -> bool:
    state = db.session.scalar(select(Signature.state).where(Signature.id == question.signature_id))
    return state == SignatureState.VALID
