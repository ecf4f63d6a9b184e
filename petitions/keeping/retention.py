"""Retention: what a petition's clocks delete once they have run out. The number stays; a legal hold stops its petition's alone.

Everything goes in batches, each committed, and a run begins anew each time: one that was killed has done a part."""

import logging
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, update

from core import rotation
from core.db import db
from core.keystore import KeyMissing
from core.vault import VaultError
from petitions import confirmation_services
from petitions.deadlines import COUNTED, ENDED, delivered_due, everybody_due, over_at
from petitions.invitations import exits as invitation_exits
from petitions.invitations.models import Invitation
from petitions.keeping import clearing
from petitions.keeping import rotation as keys
from petitions.keeping.holds import HELD
from petitions.models import Petition, Signature, Submission, Suppression
from petitions.persons import opener
from petitions.states import SignatureState, Visibility

log = logging.getLogger(__name__)

AT_ONCE = 500
STANDING = (SignatureState.VALID, SignatureState.INVALIDATED)


@dataclass
class Report:
    """How many rows of each kind were emptied, and the petitions that had to be left because a key is not at hand."""

    emptied: Counter[str] = field(default_factory=Counter)
    stopped: list[str] = field(default_factory=list)


def run(moment: datetime) -> Report:
    """Every clock of every petition, as at this moment. Commits."""
    report = Report()
    report.emptied["unconfirmed"] = _expire(moment)
    _note_closing(moment)
    going = select(Petition.id).where(Petition.erased_at.is_(None), Petition.legal_hold == "").order_by(Petition.id)
    for petition_id in db.session.scalars(going).all():
        petition = db.session.get_one(Petition, petition_id)
        slug = petition.slug
        try:
            report.emptied += _petition(petition, moment)
        except KeyMissing:  # without its key nobody knows who wants updates; the others' clocks go on
            db.session.rollback()
            log.error("retention of %s stopped: its key is not in the keystore", slug)
            report.stopped.append(slug)
    return report


def overdue(moment: datetime) -> list[str]:
    """The slugs of petitions with a clock that had run out by this moment, and whose key is still that of before."""
    petitions = db.session.scalars(select(Petition).where(Petition.id.not_in(HELD), Petition.erased_at.is_(None)))
    return [
        one.slug
        for one in petitions
        if any(_is_due(one, due, moment) for due in (delivered_due(one), everybody_due(one)))
    ]


def _petition(petition: Petition, moment: datetime) -> Counter[str]:
    done = Counter(counted=sum(_counted(petition, moment)))
    if not _reached(over_at(petition), moment):
        return done
    silenced = delete(Suppression).where(Suppression.petition_id == petition.id).returning(Suppression.petition_id)
    done["silenced"] = len(db.session.scalars(silenced).all())
    db.session.commit()
    for due, everybody in ((delivered_due(petition), False), (everybody_due(petition), True)):
        if _reached(due, moment):
            done["signatures"] += sum(_signatures(petition, moment, everybody=everybody))
            done["submissions"] += sum(clearing.submissions(petition))
            done["invitations"] += clearing.invitations(petition, everybody=everybody)
            clearing.conditions(petition)
            db.session.commit()
            _change_key(petition, due, moment)
    return done


def _reached(due: datetime | None, moment: datetime) -> bool:
    return due is not None and due <= moment


def _change_key(petition: Petition, due: datetime | None, moment: datetime) -> None:
    """Once for each clock: copies of the database from before open with the key of before, and that is destroyed."""
    if _is_due(petition, due, moment):
        keys.begin(petition, moment)


def _is_due(petition: Petition, due: datetime | None, moment: datetime) -> bool:
    if due is None or due > moment:
        return False
    present = rotation.active(petition.scope)
    return present is not None and present.created_at < due


def _expire(moment: datetime) -> int:
    """What nobody confirmed, except where a hold keeps it; the links still tell for a while what happened."""
    unconfirmed = (confirmation_services.over(moment), Submission.petition_id.not_in(HELD))
    return sum(clearing.empty_submissions(*unconfirmed, links=False))


def _note_closing(moment: datetime) -> None:
    """A petition that ended and whose closing time the office took away closes now: its clocks need a beginning."""
    ended = update(Petition).where(Petition.state.in_(ENDED), Petition.closes_at.is_(None)).values(closes_at=moment)
    db.session.execute(ended, execution_options=clearing.UNSYNCED)
    db.session.commit()
    db.session.expire_all()


def _counted(petition: Petition, moment: datetime) -> Iterator[int]:
    """A week after confirming: who is only counted and wants no updates has given name and address for nothing further.

    The index stays, so that nobody signs twice and everybody can withdraw."""
    due = (
        Signature.petition_id == petition.id, Signature.state.in_(STANDING), Signature.blob.is_not(None),
        Signature.visibility == Visibility.COUNTED, Signature.confirmed_at <= moment - COUNTED,
    )  # fmt: skip
    nameless = {"blob": None, "key_id": None, "data_key_id": None}
    for batch in _batches(petition, due, keep_updates=True):
        yield clearing.empty_signatures(batch, moment, nameless)


def _signatures(petition: Petition, moment: datetime, *, everybody: bool) -> Iterator[int]:
    """All who stand here, but for those who asked for updates and the invited who signed in office; at the end everybody."""
    due = _everything_of(petition)
    if not everybody:
        signed = select(Invitation.signature_id).where(
            Invitation.petition_id == petition.id, Invitation.signature_id.is_not(None),
            Invitation.state.in_(invitation_exits.SIGNED),
        )  # fmt: skip
        due = (*due, Signature.id.not_in(signed))
    for batch in _batches(petition, due, keep_updates=not everybody):
        yield clearing.empty_signatures(batch, moment, clearing.NOBODY)


def _everything_of(petition: Petition) -> tuple[Any, ...]:
    something = or_(
        func.coalesce(Signature.blob, Signature.email_index).is_not(None), Signature.public_name.is_not(None)
    )  # fmt: skip
    return Signature.petition_id == petition.id, something


def _batches(petition: Petition, due: tuple[Any, ...], *, keep_updates: bool) -> Iterator[Sequence[Any]]:
    """The rows to be emptied, as many at once as are cheap to open; the box for updates is sealed with the rest."""
    columns = (
        Signature.id,
        Signature.public_id,
        Signature.state,
        Signature.key_id,
        Signature.data_key_id,
        Signature.blob,
    )
    query, last, open_row = select(*columns).where(*due).order_by(Signature.id).limit(AT_ONCE), 0, opener(petition)
    while batch := db.session.execute(query.where(Signature.id > last)).all():
        db.session.rollback()  # no transaction stays open while rows are opened
        last = batch[-1].id
        yield [row for row in batch if not (keep_updates and _wants_updates(row, open_row))]


def _wants_updates(row: Any, open_row: Any) -> bool:
    """Raises KeyMissing where the keystore is not whole: nothing may be decided then. A row that was changed says nothing."""
    if row.blob is None or row.state != SignatureState.VALID:
        return False
    try:
        return bool(open_row(row.key_id, row.data_key_id, row.blob, row.public_id).get("updates"))
    except VaultError:
        return False
