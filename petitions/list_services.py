"""Who signed, read out: the public list of a petition page, and the lines that its recipient is given."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select

from core.db import db
from core.keystore import KeyMissing
from core.mailboxes.canonical import blind_index
from core.streams import stream
from core.vault import VaultKey, vault
from petitions import consent
from petitions.invitations.models import Invitation
from petitions.models import ConsentText, Petition, Signature, Submission
from petitions.persons import opener
from petitions.states import LISTED, InvitationKind, SignatureState, Visibility


class Found(NamedTuple):
    """An address's signature, if it stands or was invalidated, and its submissions."""

    signatures: list[Signature]
    submissions: list[Submission]


class SignatureLine(NamedTuple):
    """What a recipient is given of one signatory who agreed to it; the date in the petition's time zone."""

    name: str
    affiliation: str
    role: str
    country: str
    signed_on: date


def public_list(petition_id: int, *, limit: int, before: int | None = None) -> Sequence[Any]:
    """(id, public_name, public_affiliation, country) of public signatories, newest first; `before` is the last id seen."""
    columns = (Signature.id, Signature.public_name, Signature.public_affiliation, Signature.country)
    query = select(*columns).where(Signature.petition_id == petition_id, Signature.public_name.is_not(None))
    if before is not None:
        query = query.where(Signature.id < before)
    return db.session.execute(query.order_by(Signature.id.desc()).limit(limit)).all()


def find_by_address(petition: Petition, email: str) -> Found:
    """What the mailbox of this address has on the petition, the newest first, however it was spelt; needs the keystore."""
    indexes = list(indexes_of(petition, email))
    signatures = (Signature.petition_id == petition.id, Signature.email_index.in_(indexes))
    submissions = (Submission.petition_id == petition.id, Submission.email_index.in_(indexes))
    return Found(
        list(db.session.scalars(select(Signature).where(*signatures).order_by(Signature.id.desc()))),
        list(db.session.scalars(select(Submission).where(*submissions).order_by(Submission.id.desc()))),
    )


def indexes_of(petition: Petition, email: str) -> Iterator[bytes]:
    """The mailbox's blind index under each key of the petition that is at hand: while keys rotate there are two."""
    for key_id in db.session.scalars(select(VaultKey.id).where(VaultKey.scope == petition.scope)).all():
        with suppress(KeyMissing):  # destroyed: no row carries its index
            yield blind_index(vault().index_key(key_id), email)


def signatures_for(petition: Petition) -> Iterator[SignatureLine]:
    """Those who agreed that the present recipients see their name, oldest first, opened row by row in constant memory."""
    columns = (
        Signature.key_id,
        Signature.data_key_id,
        Signature.blob,
        Signature.public_id,
        Signature.country,
        Signature.signed_at,
    )
    query = (
        select(*columns)
        .where(*_listed(petition), Signature.consent_digest.in_(_agreed(petition)))
        .order_by(Signature.id)
    )
    unverified = set(db.session.scalars(_unverified(petition)))
    if petition.invited_only:  # few, and in the order that the organisers chose
        own = query.outerjoin(Invitation, Invitation.signature_id == Signature.id)
        query = own.order_by(None).order_by(Invitation.position.is_(None), Invitation.position, Signature.id)
    open_row, zone = opener(petition), ZoneInfo(petition.time_zone)
    days: dict[datetime, date] = {}
    for key_id, data_key_id, blob, public_id, country, signed_at in stream(query):
        person = open_row(str(key_id), str(data_key_id), blob or b"", public_id)
        if signed_at not in days:  # kept to the hour, so there are few
            days[signed_at] = signed_at.astimezone(zone).date()
        if public_id in unverified:
            person |= {"affiliation": "", "role": ""}
        yield SignatureLine(person["name"], person["affiliation"], person["role"], country, days[signed_at])


def _unverified(petition: Petition) -> Any:
    """Public ids of notables' signatures that wait for an organiser's yes: they signed, and stand in the list as anybody
    does, but the role that another typed for them goes to no official before that."""
    waiting = (Invitation.petition_id == petition.id, Invitation.kind == InvitationKind.NOTABLE)
    own = (Signature.id == Invitation.signature_id, Signature.public_id == Invitation.public_id)
    return select(Invitation.public_id).join(Signature, and_(*own)).where(*waiting, Invitation.approved_at.is_(None))


def listed(petition: Petition) -> int:
    """How many agreed that the recipient sees their name: the lines of `signatures_for`."""
    query = select(func.count()).where(*_listed(petition), Signature.consent_digest.in_(_agreed(petition)))
    return db.session.scalar(query) or 0


def withheld(petition: Petition) -> int:
    """How many agreed that another recipient sees their name, before the recipients were changed."""
    query = select(func.count()).where(*_listed(petition), Signature.consent_digest.not_in(_agreed(petition)))
    return db.session.scalar(query) or 0


def counted_only(petition: Petition) -> int:
    """How many more signed to be counted without their name; retention clears these rows and keeps the number."""
    theirs = (Signature.petition_id == petition.id, Signature.state == SignatureState.VALID)
    query = select(func.count()).where(*theirs, Signature.visibility == Visibility.COUNTED)
    return db.session.scalar(query) or 0


def _listed(petition: Petition) -> tuple[Any, ...]:
    valid = (Signature.petition_id == petition.id, Signature.state == SignatureState.VALID)
    return *valid, Signature.cleared_at.is_(None), Signature.visibility.in_(LISTED)


def _agreed(petition: Petition) -> list[str]:
    """The digests of the texts that name every present recipient: a choice is never widened to another official."""
    texts = select(ConsentText.digest, ConsentText.recipients).where(ConsentText.petition_id == petition.id)
    present = set(consent.names(petition))
    return [digest for digest, recipients in db.session.execute(texts) if present <= set(recipients)]
