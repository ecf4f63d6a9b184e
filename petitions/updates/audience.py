"""The signatories whom an update goes to: read in order, opened, looked at once more before each mail; needs the keystore."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from flask import current_app
from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import joinedload

from cases.models import Case
from core import bounces, clock, tokens, unsubscribes
from core.bulk import Addressee
from core.db import db, insert
from core.keystore import KeyMissing
from petitions import mails
from petitions.invitations.models import Invitation
from petitions.invitations.people import secret_of
from petitions.models import ConsentText, Petition, Signature, SignatureToken, Submission
from petitions.persons import UNREADABLE, opener
from petitions.states import Method, SignatureState
from petitions.updates.models import Update, UpdateKind, UpdateState

TOLD_ALL = (UpdateKind.CHANGED,)  # what a name stands under has changed: that is told whoever signed
LISTS = "updates"
SPOILT = tuple(error for error in UNREADABLE if error is not KeyMissing)
SAMPLES, SAMPLED = 20, 50  # rows that an estimate opens
WRITTEN_TO = (  # who confirmed an address that is still kept; nobody on paper ever confirmed one
    Signature.state == SignatureState.VALID, Signature.blob.is_not(None), Signature.method != Method.PAPER,
)  # fmt: skip
STANDING = select(
    Signature.id, Signature.public_id, Signature.key_id, Signature.data_key_id, Signature.blob, Signature.country,
    ConsentText.language,
).join(ConsentText, ConsentText.digest == Signature.consent_digest)  # fmt: skip
# made once: each mail's last look asks them
ROW = STANDING.where(Signature.id == bindparam("row"), Signature.petition_id == bindparam("petition"), *WRITTEN_TO)
LIVING = (
    update(SignatureToken.__table__)  # type: ignore[arg-type]
    .where(SignatureToken.digest == bindparam("mark"))
    .values(expires_at=bindparam("until"))
)
UPDATE = (
    select(Update)
    .where(Update.id == bindparam("id"))
    .options(
        joinedload(Update.petition)
        .load_only(Petition.public_id, Petition.case_id, Petition.title)
        .joinedload(Petition.case)
        .load_only(Case.frozen_at, Case.blurred_at)
    )
)


def list_name(petition: Petition) -> str:
    """What a petition's list is called in the links that end it."""
    return f"{LISTS}:{petition.public_id}"


def ahead(found: Update, after: int, limit: int) -> tuple[int, list[Addressee]]:
    """The next rows: the last one's id, 0 where there is none, and those among them whom the update goes to."""
    query = _standing(found).where(Signature.id > after).order_by(Signature.id).limit(limit)
    rows = db.session.execute(query).all()
    return (rows[-1].id if rows else 0), _wanting(found, rows)


def links(found: Update, addressees: Sequence[Addressee]) -> dict[int, dict[str, str]]:
    """Fresh links to own page, withdrawal and “I never signed this”, by row; `start_clocks` says how long they live."""
    server = current_app.config["UNDERSIGNED"].server_url
    ids = [addressee.row for addressee in addressees]
    sent = select(Signature.id, Submission.id).join(Submission, Submission.public_id == Signature.public_id)
    given: dict[int, dict[str, str]] = {}
    new = []
    for row, submission_id in db.session.execute(sent.where(Signature.id.in_(ids))):
        for purpose in mails.ALWAYS:
            secret = tokens.new_secret()
            new.append(
                {
                    "digest": tokens.digest(secret), "purpose": purpose, "submission_id": submission_id,
                    "expires_at": clock.now() + mails.UNSENT_LIFE,
                }
            )  # fmt: skip
            given.setdefault(row, {})[purpose.value] = f"{server}/signatures/{secret}{mails.PATHS[purpose]}"
    if new:
        db.session.execute(insert(SignatureToken), new)
    invited = (
        Invitation.signature_id.in_(ids),
        Invitation.blob.is_not(None),
    )  # who has no submission leaves by this one
    open_row = opener(found.petition)
    for one in db.session.scalars(select(Invitation).where(*invited)):
        person = open_row(str(one.key_id), str(one.data_key_id), one.blob or b"", one.public_id)
        given.setdefault(int(one.signature_id or 0), {})["invitation"] = (
            f"{server}/invitations/{secret_of(one, person)}"
        )
    return given


def still_wanted(email: str, told: Mapping[str, Any]) -> str:
    """core.bulk's check: why a promised mail must not go any more. Who has left, or wants no news now, gets none."""
    found = db.session.scalars(UPDATE, {"id": told["update"]}).one()
    if found.state == UpdateState.CANCELLED:  # meanwhile, while this very mail was tried
        return "cancelled"
    row = db.session.execute(ROW, {"row": told["row"], "petition": found.petition_id}).one_or_none()
    if row is None or (found.country and row.country != found.country) or not _wanting(found, [row]):
        return "unwanted"
    return closed_to(email, found)


def start_clocks(told: Mapping[str, Any]) -> None:
    """A mail was handed over, however long it waited: its links live from now on. One that was ended stays so."""
    lives = [
        {"mark": tokens.digest(secret_in(told["links"][purpose])), "until": clock.now() + mails.LIVES[purpose]}
        for purpose in mails.ALWAYS
        if purpose in told.get("links", ())
    ]
    if lives:
        db.session.connection().execute(LIVING, lives)


def secret_in(link: str) -> str:
    """The secret of one of our links."""
    return next(part for part in reversed(link.split("/")) if unsubscribes.WHOLE.fullmatch(part))


def closed_to(email: str, found: Update) -> str:
    """Whether a mailbox has ended this petition's news, or refuses our mail."""
    marks = (unsubscribes.digest_of(email, list_name(found.petition)), unsubscribes.digest_of(email))
    if unsubscribes.among(marks):
        return "stopped"
    return "refused" if bounces.among(marks) else ""


def estimate(found: Update) -> int:
    """About how many signatories it goes to: of a sample, spread over all who stand, those who asked for news."""
    total, first, last = db.session.execute(
        select(func.count(), func.min(Signature.id), func.max(Signature.id)).where(*_of(found))
    ).one()
    if not total:
        return 0
    step = (last - first) // SAMPLES + 1
    seen: dict[int, Any] = {}
    for start in range(first, last + 1, step):
        spread = _standing(found).where(Signature.id >= start).order_by(Signature.id).limit(SAMPLED)
        seen |= {row.id: row for row in db.session.execute(spread)}
    with suppress(KeyMissing):
        return round(total * len(_wanting(found, seen.values())) / max(1, len(seen)))
    return 0


def _of(found: Update) -> tuple[Any, ...]:
    country = [Signature.country == found.country] if found.country else []
    return Signature.petition_id == found.petition_id, *WRITTEN_TO, *country


def _standing(found: Update) -> Any:
    return STANDING.where(*_of(found))


def _wanting(found: Update, rows: Iterable[Any]) -> list[Addressee]:
    """Raises KeyMissing: without the key nobody can be written to, and that is not for the readers to pay for."""
    open_row, wanting = opener(found.petition), []
    for row in rows:
        try:
            person = open_row(row.key_id, row.data_key_id, row.blob, row.public_id)
        except SPOILT:  # nobody knows what they wished
            continue
        if person.get("email") and (person.get("updates") or found.kind in TOLD_ALL):
            wanting.append(Addressee(row.id, person["email"], row.language))
    return wanting
