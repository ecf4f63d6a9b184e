"""Who signed, read out: the public list of a petition page, and the lines that its recipient is given."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, select

from cases import veil
from core.batches import batches
from core.db import db
from core.keystore import KeyMissing
from core.mailboxes.canonical import blind_index
from core.streams import stream
from core.vault import VaultKey, vault
from petitions import consent
from petitions.invitations.models import Invitation
from petitions.models import ConsentText, Petition, Signature, Submission
from petitions.persons import batch_opener, opener
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
    signature_id: int
    public_id: str
    text: str  # the hash of what was agreed to
    salt: str  # 32 bytes as hex: what its leaf in the public log is made with
    visibility: Visibility = Visibility.RECIPIENTS  # what was chosen; nobody on a list has agreed to less


class Criteria(NamedTuple):
    """Which of the signatories who may be named: of these countries (none: of all), who came after a signature, up to another,
    these ids."""

    countries: tuple[str, ...] = ()
    after: int = 0
    until: int | None = None
    only: tuple[int, ...] = ()


class Counts(NamedTuple):
    """How many valid signatures are the lines of `signatures_for`; how many agreed that another recipient sees their name,
    before the recipients were changed; how many signed to be counted without it (retention clears these, and they count on)."""

    listed: int
    withheld: int
    counted: int


class Slice(NamedTuple):
    """A piece of the list: the number of its first line, and which signatories stand in it."""

    first: int
    criteria: Criteria


EVERYBODY = Criteria()
LINE_COLUMNS = (
    Signature.key_id, Signature.data_key_id, Signature.blob, Signature.public_id, Signature.id, Signature.consent_digest,
    Signature.country, Signature.signed_at, Signature.visibility,
)  # fmt: skip


def public_list(petition_id: int, *, limit: int, before: int | None = None) -> Sequence[Any]:
    """(id, public_name, public_affiliation, country) of public signatories, newest first; `before` is the last id seen."""
    columns = (Signature.id, Signature.public_name, Signature.public_affiliation, Signature.country)
    query = select(*columns).where(Signature.petition_id == petition_id, Signature.public_name.is_not(None))
    if before is not None:
        query = query.where(Signature.id < before)
    return db.session.execute(query.order_by(Signature.id.desc()).limit(limit)).all()


def called(petition: Petition, row: Any) -> tuple[str, str]:
    """Name and affiliation of a row of public_list as they may be read now: none is called as who is held in a blurred case."""
    return veil.signed(petition.case, row.public_name), veil.signed(petition.case, row.public_affiliation or "")


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


def slices_of(petition: Petition, criteria: Criteria = EVERYBODY, *, size: int, snapshot: str = "") -> Iterator[Slice]:
    """The list of an open letter in pieces of this size for several readers, each looked up when it is asked for."""
    first, after = 1, criteria.after
    ids = select(Signature.id).where(*_named(petition, criteria)).order_by(Signature.id).offset(size - 1).limit(1)
    while ends := list(stream(ids.where(Signature.id > after), snapshot=snapshot)):
        [(last,)] = ends
        yield Slice(first, criteria._replace(after=after, until=last))
        first, after = first + size, last
    yield Slice(first, criteria._replace(after=after))


def signatures_for(
    petition: Petition, criteria: Criteria = EVERYBODY, *, snapshot: str = ""
) -> Iterator[SignatureLine]:
    """Those who agreed that the present recipients see their name, oldest first, opened batch by batch in constant memory.

    `snapshot`: as they stood then; see core.streams."""
    query = select(*LINE_COLUMNS).where(*_named(petition, criteria)).order_by(Signature.id)
    if petition.invited_only:  # few, and in the order that the organisers chose
        own = query.outerjoin(Invitation, Invitation.signature_id == Signature.id)
        query = own.order_by(None).order_by(Invitation.position.is_(None), Invitation.position, Signature.id)
    open_people, shown = batch_opener(petition), _shown(petition)
    for batch in batches(stream(query, snapshot=snapshot)):
        for row, person in zip(batch, open_people(row[:4] for row in batch), strict=True):
            yield shown(row, person)


def line_reader(petition: Petition) -> Callable[[Sequence[Any]], SignatureLine]:
    """What opens a petition's rows one by one: takes one that begins with LINE_COLUMNS. Raises one of persons.UNREADABLE."""
    open_row, shown = opener(petition), _shown(petition)
    return lambda row: shown(row, open_row(*row[:4]))


def _shown(petition: Petition) -> Callable[[Sequence[Any], dict[str, Any]], SignatureLine]:
    """What makes the line of a row in the order of LINE_COLUMNS and its opened person."""
    unverified = set(db.session.scalars(_unverified(petition)))
    zone = ZoneInfo(petition.time_zone)
    days: dict[datetime, date] = {}

    def shown(row: Sequence[Any], person: dict[str, Any]) -> SignatureLine:
        public_id, signature_id, text, country, signed_at, choice = row[3 : len(LINE_COLUMNS)]
        if signed_at not in days:  # kept to the hour, so there are few
            days[signed_at] = signed_at.astimezone(zone).date()
        if public_id in unverified:
            person |= {"affiliation": "", "role": ""}
        named = (person["name"], person["affiliation"], person["role"], country, days[signed_at])
        return SignatureLine(*named, signature_id, public_id, text, person["salt"], choice)

    return shown


def _unverified(petition: Petition) -> Any:
    """Public ids of notables' signatures that wait for an organiser's yes: they signed, and stand in the list as anybody
    does, but the role that another typed for them goes to no official before that."""
    waiting = (Invitation.petition_id == petition.id, Invitation.kind == InvitationKind.NOTABLE)
    own = (Signature.id == Invitation.signature_id, Signature.public_id == Invitation.public_id)
    return select(Invitation.public_id).join(Signature, and_(*own)).where(*waiting, Invitation.approved_at.is_(None))


def notables(petition: Petition) -> Any:
    """Ids of signatures whose role goes to an official only once an organiser has said yes, whether it does now or not."""
    theirs = (Invitation.petition_id == petition.id, Invitation.kind == InvitationKind.NOTABLE)
    return select(Invitation.signature_id).where(*theirs, Invitation.signature_id.is_not(None))


def listed(petition: Petition, criteria: Criteria = EVERYBODY) -> int:
    """How many agreed that the recipient sees their name: the lines of `signatures_for`."""
    query = select(func.count()).where(*_named(petition, criteria))
    return db.session.scalar(query) or 0


def listed_by_country(petition: Petition, criteria: Criteria = EVERYBODY) -> dict[str, int]:
    """The lines of `signatures_for` by their country's code: to be told only with a list that gives each line's country."""
    query = select(Signature.country, func.count()).where(*_named(petition, criteria))
    return {country: count for country, count in db.session.execute(query.group_by(Signature.country))}


def counts(petition: Petition, criteria: Criteria = EVERYBODY) -> Counts:
    """What a list is made of and leaves out, counted in one look."""
    valid = (Signature.petition_id == petition.id, Signature.state == SignatureState.VALID)
    others = and_(*deliverable(petition), Signature.consent_digest.not_in(_agreed(petition)))
    counted = (and_(*_named(petition, criteria)), others, Signature.visibility == Visibility.COUNTED)
    query = select(*(func.count().filter(condition) for condition in counted)).where(*valid)
    return Counts._make(db.session.execute(query).one())


def deliverable(petition: Petition) -> tuple[Any, ...]:
    """Which signatures may be named to an official, be it another than the present ones: the lines of the public log."""
    valid = (Signature.petition_id == petition.id, Signature.state == SignatureState.VALID)
    return *valid, Signature.cleared_at.is_(None), Signature.visibility.in_(LISTED)


def _named(petition: Petition, criteria: Criteria) -> tuple[Any, ...]:
    wanted = (
        (criteria.after, Signature.id > criteria.after),
        (criteria.until is not None, Signature.id <= (criteria.until or 0)),
        (criteria.countries, Signature.country.in_(criteria.countries)),
        (criteria.only, Signature.id.in_(criteria.only)),
    )
    agreed = Signature.consent_digest.in_(_agreed(petition))
    return (*deliverable(petition), agreed, *(condition for given, condition in wanted if given))


def _agreed(petition: Petition) -> list[str]:
    """The digests of the texts that name every present recipient: a choice is never widened to another official."""
    texts = select(ConsentText.digest, ConsentText.recipients).where(ConsentText.petition_id == petition.id)
    present = set(consent.names(petition))
    return [digest for digest, recipients in db.session.execute(texts) if present <= set(recipients)]
