"""Versions of a petition's text: free to change until somebody has signed it; from then on with a reason, and told."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from core import clock
from core.db import db
from petitions.models import Petition, Recipient, Signature, Submission
from petitions.states import SubmissionState
from petitions.updates import announcing
from petitions.versions import translations
from petitions.versions.models import PetitionVersion

TEXTS = ("title", "ask", "letter")
FIRST = ("first_signatory", "first_signatory_role")
ADDRESSED = ("name", "role", "organisation", "address", "country")
UNDER_WAY = (SubmissionState.RECEIVED, SubmissionState.MAILED, SubmissionState.HELD)


class ReasonMissing(ValueError):
    """People have signed this text: whoever changes it must say why."""


def signed(petition: Petition) -> bool:
    """Whether somebody has signed the text, even if they left since, or is about to confirm."""
    theirs = select(Signature.id).where(Signature.petition_id == petition.id).limit(1)
    waiting = (
        select(Submission.id).where(Submission.petition_id == petition.id, Submission.state.in_(UNDER_WAY)).limit(1)
    )
    return db.session.scalar(theirs) is not None or db.session.scalar(waiting) is not None


def list_of(petition: Petition) -> Sequence[PetitionVersion]:
    """A petition's versions, the newest first."""
    theirs = select(PetitionVersion).where(PetitionVersion.petition_id == petition.id)
    return db.session.scalars(theirs.order_by(PetitionVersion.number.desc())).all()


def newest(petition: Petition) -> PetitionVersion | None:
    """The version that says what the petition says now; None before it was published."""
    theirs = select(PetitionVersion).where(PetitionVersion.petition_id == petition.id)
    return db.session.scalar(theirs.order_by(PetitionVersion.number.desc()).limit(1))


def begin(petition: Petition, *, actor: str) -> None:
    """The first version, when it is published; one that was public before has it."""
    if newest(petition) is None:
        _keep(petition, 1, "", actor)


def settle(petition: Petition, *, reason: str, actor: str) -> PetitionVersion | None:
    """Call after a change: makes the version that it needs, and tells who signed the one before. Raises ReasonMissing."""
    db.session.flush()
    db.session.execute(select(Petition.id).where(Petition.id == petition.id).with_for_update())
    last = newest(petition)
    if last is None or not differs(last, petition):
        return None
    if not signed(petition):
        for name, value in _present(petition).items():
            setattr(last, name, value)
        last.since = clock.now()
        return None
    if not reason:
        raise ReasonMissing(petition.slug)
    made = _keep(petition, last.number + 1, reason, actor)
    key = f"changed:{petition.public_id}:{made.number}"
    announcing.announce(petition, "changed", actor=actor, key=key, context={"reason": reason})
    return made


def differs(version: PetitionVersion, petition: Petition) -> bool:
    """Whether the petition says something else; its translations are no part of what is signed."""
    before = {
        "language": version.language,
        "recipients": version.recipients,
        **{one: getattr(version, one) for one in FIRST},
    }
    present = _present(petition)
    now = {name: present[name] for name in before}
    return before != now or version.texts[version.language] != present["texts"][petition.language]


def addressed(recipient: Recipient) -> dict[str, str]:
    """A recipient as a version keeps it."""
    return {name: getattr(recipient, name) for name in ADDRESSED}


def _keep(petition: Petition, number: int, reason: str, actor: str) -> PetitionVersion:
    made = PetitionVersion(petition_id=petition.id, number=number, reason=reason, actor=actor, **_present(petition))
    db.session.add(made)
    db.session.flush()
    return made


def _present(petition: Petition) -> dict[str, Any]:
    """What a version keeps, as it stands now."""
    texts = {one.language: {name: getattr(one, name) for name in TEXTS} for one in translations.list_of(petition)}
    texts[petition.language] = {name: getattr(petition, name) for name in TEXTS}
    first = {name: getattr(petition, name) for name in FIRST}
    recipients = [addressed(recipient) for recipient in petition.recipients]
    return {"language": petition.language, "texts": texts, "recipients": recipients, **first}
