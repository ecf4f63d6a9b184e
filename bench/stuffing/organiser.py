"""An organiser at work in the drill: sees to each signal within half an hour, and to the held queue every hour.

Judges groups, not people: looks at a sample of twenty, as the office shows it, and goes by what most of it is. The drill tells
the organiser of each row in the sample whether it is honest; a person would have to judge it by eye."""

from collections.abc import Mapping
from random import Random

from sqlalchemy import select

from bench.stuffing.people import Sent
from core.db import db
from core.vault import SITE, vault
from organisers.moderation import held_judging
from organisers.moderation import services as moderation_services
from organisers.moderation.models import Act, RejectReason
from petitions.abuse import held_services, invalidation_services, signals
from petitions.abuse.models import Signal
from petitions.models import Petition, Submission
from petitions.states import SubmissionState

SAMPLE = 20
SOONEST, LATEST = 10 * 60.0, 30 * 60.0
ROUND = 3600.0
NAME = "organiser@example.org"


class Organiser:
    def __init__(self, petition_id: int, seed: int) -> None:
        self.petition_id = petition_id
        self.random = Random(seed)
        self.due: dict[int, float] = {}

    def work(self, sent: Mapping[str, Sent], now: float) -> None:
        """What is due in this minute."""
        for signal in signals.unsettled():
            due = self.due.setdefault(signal.id, now + self.random.uniform(SOONEST, LATEST))
            if now >= due:
                self._settle(signal, sent)
        if now % ROUND == 0:
            self._judge_held(sent)

    def _settle(self, signal: Signal, sent: Mapping[str, Sent]) -> None:
        petition = db.session.get_one(Petition, self.petition_id)
        cluster = signal.cluster_id
        if self._mostly_honest([Submission.cluster_id == cluster], sent):
            moderation_services.dismiss(signal, actor=NAME)
        else:
            vault().prepare(SITE)
            made = invalidation_services.prepare(petition, {"cluster": cluster}, actor=NAME)
            moderation_services.start(made, actor=NAME, reason="A drill.")
            held_judging.judge(petition, Act.REJECT, {"cluster": cluster}, actor=NAME, reason=RejectReason.SPAM)
        db.session.commit()

    def _judge_held(self, sent: Mapping[str, Sent]) -> None:
        """The groups of the queue that belong to no signal which still waits."""
        petition = db.session.get_one(Petition, self.petition_id)
        open_clusters = {signal.cluster_id for signal in signals.unsettled()}
        for group in held_services.groups(petition):
            if group.cluster_id in open_clusters:
                continue
            chosen = {"reason": group.reason.value, "cluster": group.cluster_id or ""}
            same = [Submission.held_reason == group.reason, Submission.cluster_id == group.cluster_id]
            honest = self._mostly_honest([*same, Submission.state == SubmissionState.HELD], sent)
            why = {} if honest else {"reason": RejectReason.SPAM}
            held_judging.judge(petition, Act.APPROVE if honest else Act.REJECT, chosen, actor=NAME, **why)
        db.session.commit()

    def _mostly_honest(self, where: list[object], sent: Mapping[str, Sent]) -> bool:
        found = select(Submission.public_id).where(Submission.petition_id == self.petition_id, *where)  # type: ignore[arg-type]
        newest = db.session.scalars(found.order_by(Submission.id.desc()).limit(SAMPLE)).all()
        return sum(sent[public_id].honest for public_id in newest) * 2 > len(newest)
