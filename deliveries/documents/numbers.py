"""The numbers of a delivery's sheets: how many signed and how, who left or was taken out and why, what is in no list."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, func, select

from core.db import db
from petitions import list_services
from petitions.abuse.models import Invalidation
from petitions.counting import margins, tallies
from petitions.list_services import Criteria
from petitions.models import Petition, Signature, Submission
from petitions.states import SignatureState, SubmissionState

UNCONFIRMED = (SubmissionState.RECEIVED, SubmissionState.MAILED, SubmissionState.EXPIRED)
LEFT = (SignatureState.WITHDRAWN, SignatureState.ERASED)


@dataclass(frozen=True)
class TakenOut:
    """Signatures that organisers took out of the count together, and what they wrote about why."""

    signatures: int
    reason: str


@dataclass(frozen=True)
class Numbers:
    """`lines`: named in the list; `counted`, `withheld`: signed as well and not named; `total`: the petition's own number.

    `countries`: of the lines where the list tells them, else the public's rounded numbers (`rounded`), the largest first.
    `methods`: of the total; `left`: by reason; `repeated`: sent again by a mailbox that had signed, as far as is known."""

    lines: int
    counted: int
    withheld: int
    total: int
    countries: tuple[tuple[str, int], ...]
    rounded: bool
    methods: Mapping[str, int]
    left: Mapping[str, int]
    taken_out: tuple[TakenOut, ...]
    repeated: int
    imported: int
    unconfirmed: int


def of(petition: Petition, criteria: Criteria, *, by_country: Mapping[str, int] | None, told: bool) -> Numbers:
    """`told`: whether the list gives each line's country; if not, its numbers by country could single somebody out."""
    lines = list_services.listed_by_country(petition, criteria) if by_country is None else by_country
    shown = lines if told else margins.shown(petition.id).by_country
    tallied, repeated, unnamed = tallies.numbers(petition.id), _repeated(petition), list_services.counts(petition)
    return Numbers(
        lines=sum(lines.values()),
        counted=unnamed.counted,
        withheld=unnamed.withheld,
        total=tallied.total,
        countries=tuple(sorted(shown.items(), key=lambda one: (-one[1], one[0]))),
        rounded=not told,
        methods=tallied.by_method,
        left=_left(petition),
        taken_out=_taken_out(petition),
        repeated=repeated,
        imported=sum(tallied.by_imported.values()),
        unconfirmed=max(0, _unconfirmed(petition) - repeated),
    )


def _left(petition: Petition) -> dict[str, int]:
    """How many took their signature back or had it erased, and how many said that they never signed."""
    theirs = (Signature.petition_id == petition.id, Signature.state.in_(LEFT))
    query = select(Signature.state, Signature.exit_reason, func.count()).where(*theirs)
    counts: Counter[str] = Counter()
    for state, reason, count in db.session.execute(query.group_by(Signature.state, Signature.exit_reason)):
        counts[(reason or state).value] += count
    return dict(counts)


def _taken_out(petition: Petition) -> tuple[TakenOut, ...]:
    """What is out now, by the act that took it out, the oldest first."""
    out = and_(Signature.petition_id == petition.id, Signature.state == SignatureState.INVALIDATED)
    query = select(func.count(), func.coalesce(Invalidation.reason, ""), Signature.invalidation_id).where(out)
    query = query.outerjoin(Invalidation, Invalidation.id == Signature.invalidation_id)
    rows = db.session.execute(query.group_by(Signature.invalidation_id, Invalidation.reason)).all()
    return tuple(TakenOut(count, reason) for count, reason, _ in sorted(rows, key=lambda row: row[2] or 0))


def _repeated(petition: Petition) -> int:
    same = and_(Signature.petition_id == Submission.petition_id, Signature.email_index == Submission.email_index)
    theirs: tuple[Any, ...] = (Submission.petition_id == petition.id, Submission.state == SubmissionState.MAILED)
    again = select(func.count()).select_from(Submission).join(Signature, same)
    return db.session.scalar(again.where(*theirs, Signature.public_id != Submission.public_id)) or 0


def _unconfirmed(petition: Petition) -> int:
    """Of those who left, the submission stands emptied as well: their signature carries its public id."""
    theirs = (Submission.petition_id == petition.id, Submission.state.in_(UNCONFIRMED))
    signed = select(Signature.id).where(Signature.public_id == Submission.public_id).exists()
    return db.session.scalar(select(func.count()).select_from(Submission).where(*theirs, ~signed)) or 0
