"""Everything that is stored about a signatory, as a file for them: which columns it gives, and which not and why.

A test holds the two tables against the schema, so that a new column or table fails until somebody has decided on it."""

import enum
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from flask_babel import force_locale
from sqlalchemy import select

from cases import veil
from cases.models import ShownAs
from core import clock, unsubscribes
from core.bounces import Bounce
from core.db import Base, db
from core.job_names import jobs_of
from core.jobs import Job
from core.unsubscribes import Unsubscribe
from petitions import consent, mails, showing
from petitions.invitations import exits as invitation_exits
from petitions.invitations import mails as invitation_mails
from petitions.invitations.models import Invitation
from petitions.models import ConsentText, Petition, Signature, SignatureToken, Submission, Suppression
from petitions.own_page.services import NARROWED, Standing
from petitions.persons import open_person
from petitions.states import ExitReason, Visibility
from petitions.updates.audience import list_name
from petitions.updates.models import UpdateMark

HOOKS = ("then", "otherwise")  # what follows a mail: names of rows, and fingerprints of its links
JOURNAL = (
    *ExitReason, *(f"{NARROWED}{choice.value}" for choice in Visibility), invitation_exits.DECLINED, invitation_exits.UNLISTED,
)  # fmt: skip
JOB_NAMES = (  # what a job's key says before a row's public id: with an end to it, a search by the key's index
    "mail", *(f"mail:{template}" for template in mails.OWN), *(f"mail:{told}" for told in invitation_mails.ABOUT),
    "confirmed", "later", "again", "address", "own", "own-data", "invite", "invitation-remind", "invitation-signed",
    "invitation-approved", *(f"journal:{act}" for act in JOURNAL),
)  # fmt: skip
SEALED = "opened, as 'sealed'"
KEY_NAMES = ("key_id", "data_key_id")
GIVEN: dict[type[Base], tuple[str, ...]] = {
    Signature: (
        "id", "public_id", "petition_id", "method", "state", "exit_reason", "email_index", "index_version", *KEY_NAMES,
        "country", "visibility", "source", "consent_digest", "signed_at", "confirmed_at", "cleared_at", "public_name",
        "public_affiliation", "cluster_id", "invalidation_id", "batch_id",
    ),
    Submission: (
        "id", "public_id", "petition_id", "state", *KEY_NAMES, "country", "visibility", "source", "consent_digest",
        "received_at", "expires_at", "email_index", "index_version", "code_tries", "bucket", "proved", "trapped",
        "cluster_id", "held_reason", "held_at", "released_at", "mails", "mailed_at", "reminded_at",
        "import_id",
    ),
    SignatureToken: ("purpose", "submission_id", "expires_at"),
    Invitation: (
        "id", "public_id", "petition_id", "kind", "state", "position", "email_index", "index_version", *KEY_NAMES,
        "country", "expires_at", "invited_at", "reminded_at", "confirmed_at", "approved_at", "signature_id",
        "public_name", "public_role", "public_affiliation", "public_size", "created_at",
    ),
    Job: (
        "id", "public_id", "kind", "key", "args", *KEY_NAMES, "state", "priority", "attempts", "run_at", "lease_until",
        "last_error", "created_at", "finished_at",
    ),
    ConsentText: ("digest", "petition_id", "version", "visibility", "language", "text", "recipients", "created_at"),
    Suppression: ("petition_id", "email_index", "created_at"),
    Unsubscribe: ("created_at",), Bounce: ("created_at",), UpdateMark: ("petition_id", "update_id", "promised_at"),
}  # fmt: skip
NOT_GIVEN: dict[type[Base], dict[str, str]] = {
    Signature: {"blob": SEALED},
    Submission: {"blob": SEALED, "code_digest": "the fingerprint of the mailed code, by which codes could be tried"},
    SignatureToken: {"digest": "the fingerprint of a mailed link, which the mail itself holds"},
    Invitation: {
        "blob": SEALED, "digest": "the fingerprint of a mailed link, which the mail itself holds",
        "proposed_by": "who proposed somebody is told to organisers only",
    },
    Job: {"blob": "what a mail that still waits will say; it is deleted as soon as the mail has gone"},
    ConsentText: {}, Suppression: {}, Unsubscribe: {"digest": "the fingerprint of the unsubscribing link"},
    Bounce: {"digest": "the fingerprint of the unsubscribing link"},
    UpdateMark: {"mark": "the fingerprint of the unsubscribing link"},
}  # fmt: skip


def as_text(standing: Standing, person: Mapping[str, Any]) -> str:
    """The file: JSON, two spaces deep, times in UTC, fingerprints in hexadecimal."""
    return json.dumps(collect(standing, person), ensure_ascii=False, indent=2) + "\n"


def collect(standing: Standing, person: Mapping[str, Any]) -> dict[str, Any]:
    """What is stored about whoever stands, by table; needs the keystore."""
    petition, submissions = standing.petition, _submissions(standing)
    signatures: list[Signature] = [standing.signature] if standing.signature else []
    invitations = _of_mailbox(Invitation, standing)
    rows: list[Any] = [*signatures, *submissions, *invitations]
    agreed = {row.consent_digest for row in rows if row not in invitations}
    marks = [unsubscribes.digest_of(person["email"], of) for of in ("", list_name(petition))]
    return {
        "made_at": clock.now().isoformat(),
        "petition": {"slug": None if petition.case.frozen_at else petition.slug, "title": showing.title(petition)},
        "signatures": [_opened(petition, row) for row in signatures],
        "submissions": [_opened(petition, row) for row in submissions],
        "invitations": [_opened(petition, row) for row in invitations],
        "consent_texts": [_agreed(petition, row) for row in db.session.scalars(_texts(agreed))],
        "signature_tokens": _told(_links(submissions)),
        "jobs": [_columns(job) for job in jobs_of(JOB_NAMES, (row.public_id for row in rows))],
        "suppressions": [_columns(row) for row in _of_mailbox(Suppression, standing)],
        "unsubscribes": _told(select(Unsubscribe).where(Unsubscribe.digest.in_(marks))),
        "mail_bounces": _told(select(Bounce).where(Bounce.digest.in_(marks))),
        "update_marks": _told(select(UpdateMark).where(UpdateMark.mark.in_(marks))),
    }


def _submissions(standing: Standing) -> list[Submission]:
    own = standing.submission
    others = [row for row in _of_mailbox(Submission, standing) if row.id != own.id]
    return [own, *others]


def _of_mailbox(table: Any, standing: Standing) -> list[Any]:
    row = standing.row
    if row is None or row.email_index is None:
        return []
    same = (table.petition_id == row.petition_id, table.email_index == row.email_index)
    return list(db.session.scalars(select(table).where(*same)))


def _links(submissions: Iterable[Submission]) -> Any:
    theirs = SignatureToken.submission_id.in_([row.id for row in submissions])
    return select(SignatureToken).where(theirs).order_by(SignatureToken.expires_at, SignatureToken.purpose)


def _texts(agreed: Iterable[str]) -> Any:
    return select(ConsentText).where(ConsentText.digest.in_(agreed)).order_by(ConsentText.digest)


def _agreed(petition: Petition, row: ConsentText) -> dict[str, Any]:
    """What was agreed to, as far as it may be read now: who is held in the case has rights as well."""
    given, case = _columns(row), petition.case
    if case.frozen_at:
        return {**given, "text": None, "recipients": []}
    if any(person.shown_as == ShownAs.INITIALS for person in case.people) and _is_older(petition, row):
        return {**given, "text": None}
    return {**given, "text": veil.shown(case, row.text)}


def _is_older(petition: Petition, row: ConsentText) -> bool:
    """Whether a text is another than today's, and so may hold a name that is written nowhere else any more."""
    with force_locale(petition.language):
        return row.digest not in {consent.digest_of(petition, choice) for choice in Visibility}


def _told(query: Any) -> list[dict[str, Any]]:
    return [_columns(row) for row in db.session.scalars(query)]


def _opened(petition: Petition, row: Any) -> dict[str, Any]:
    """A row's columns, and what is sealed in it."""
    given = _columns(row)
    if row.blob is not None:
        given["sealed"] = open_person(petition, row)
    return given


def _columns(row: Any) -> dict[str, Any]:
    given = {name: _plain(getattr(row, name)) for name in GIVEN[type(row)]}
    if isinstance(row, Job):
        given["args"] = {name: value for name, value in row.args.items() if name not in HOOKS}
    return given


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.hex()
    return value.value if isinstance(value, enum.Enum) else value
