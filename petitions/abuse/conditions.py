"""What an invalidation looks for: a table of criteria, joined by AND; some the database answers, some the opened person."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from petitions.abuse.likeness import domain_of, family_of, fits
from petitions.models import Signature, Submission
from petitions.states import SignatureState

Condition = Mapping[str, str]
received_at = func.coalesce(Submission.received_at, Signature.signed_at)  # a submission knows the second


@dataclass(frozen=True)
class Asked:
    """A criterion that the database answers; `joined` where it needs the submission that a signature came of."""

    where: Callable[[str], ColumnElement[bool]]
    joined: bool = False


ASKED: Mapping[str, Asked] = {
    "since": Asked(lambda value: received_at >= datetime.fromisoformat(value), joined=True),
    "until": Asked(lambda value: received_at < datetime.fromisoformat(value), joined=True),
    "country": Asked(lambda value: Signature.country == value),
    "source": Asked(lambda value: Signature.source == value),
    "bucket": Asked(lambda value: Submission.bucket == value, joined=True),
    "cluster": Asked(lambda value: Signature.cluster_id == value),
}
OPENED: Mapping[str, Callable[[str, Mapping[str, Any]], bool]] = {
    "domain": lambda value, person: fits(value, domain_of(person["email"])),
    "family": lambda value, person: family_of(value) == family_of(person["email"]),
    "name": lambda value, person: fits(value, person["name"]),
}
CRITERIA = (*ASKED, *OPENED)
COLUMNS = (
    Signature.id, Signature.public_id, Signature.key_id, Signature.data_key_id, Signature.blob, Signature.country,
    Signature.signed_at,
)  # fmt: skip


def opens(condition: Condition) -> bool:
    """Whether rows must be opened to see if they match."""
    return any(name in OPENED for name in condition)


def candidates(petition_id: int, condition: Condition, *columns: Any, received: bool = False) -> Select[Any]:
    """The valid signatures that match as far as the database can tell; `received` joins the submissions all the same."""
    chosen = [ASKED[name] for name in condition if name in ASKED]
    query = (
        select(*(columns or COLUMNS))
        .select_from(Signature)
        .where(Signature.petition_id == petition_id, Signature.state == SignatureState.VALID)
    )
    if received or any(asked.joined for asked in chosen):
        query = query.outerjoin(Submission, Submission.public_id == Signature.public_id)
    return query.where(*(ASKED[name].where(value) for name, value in condition.items() if name in ASKED))


def matches(condition: Condition, person: Mapping[str, Any]) -> bool:
    """Whether an opened person matches what the database could not answer."""
    return all(OPENED[name](value, person) for name, value in condition.items() if name in OPENED)
