"""Lines of an imported file as rows: who is known already stays out, the others are sealed, and counted apart."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy
from sqlalchemy import select

from core import clock
from core.db import db
from core.mailboxes.canonical import RULES_VERSION
from core.streams import stream
from core.vault import vault
from petitions.abuse.likeness import name_key
from petitions.imports import exits
from petitions.imports.models import SignatureImport
from petitions.models import Petition, Submission
from petitions.paper.services import among, disowned, indexes_of, line_id, signed
from petitions.persons import SEALED_CONTEXT, opener
from petitions.states import Refusal, SubmissionState, Visibility

INSERT = sqlalchemy.insert(Submission.__table__)  # type: ignore[arg-type]

NameKey = tuple[str, str, str, str]


class ImportedLine(NamedTuple):
    """What stands on one line, cleaned; `country` is a code, `signed_at` when it was signed there, where the file says so."""

    number: int
    name: str
    country: str
    email: str = ""
    city: str = ""
    postal_code: str = ""
    affiliation: str = ""
    comment: str = ""
    updates: bool = False
    no_mail: bool = False
    signed_at: datetime | None = None


@dataclass
class Known:
    """Who has come in so far: by an earlier file, or by an earlier line of this one."""

    names: set[NameKey]
    here: set[bytes | NameKey] = field(default_factory=set)

    @classmethod
    def of(cls, petition: Petition) -> "Known":
        """Those without an address are told by name, country, town and postal code, which are opened for it."""
        columns = (Submission.key_id, Submission.data_key_id, Submission.blob, Submission.public_id, Submission.country)
        nameless = (Submission.email_index.is_(None), Submission.blob.is_not(None))
        mine = (Submission.petition_id == petition.id, Submission.import_id.is_not(None), *nameless)
        open_row, names = opener(petition), set()
        for key_id, data_key_id, blob, public_id, country in stream(select(*columns).where(*mine)):
            person = open_row(key_id, data_key_id, blob, public_id)
            names.add(_key(person["name"], country, person["city"], person["postal_code"]))
        return cls(names)


Good = list[tuple[ImportedLine, bytes | None]]


def sort_out(petition: Petition, lines: Sequence[ImportedLine], known: Known) -> tuple[Good, dict[int, Refusal]]:
    """Which lines may come in, each with its blind index, and why the others stay out, by their number."""
    indexes = indexes_of(petition, lines)
    before = select(Submission.email_index).where(
        Submission.petition_id == petition.id, Submission.import_id.is_not(None)
    )
    reasons: tuple[tuple[Refusal, set[bytes]], ...] = (
        (Refusal.DISOWNED, disowned(petition, indexes)),
        (Refusal.SIGNED, signed(petition, indexes)),
        (Refusal.IMPORTED, among(before, Submission.email_index, indexes)),
    )
    good, refused = [], {}
    for line, index in zip(lines, indexes, strict=True):
        mark = index or _key(line.name, line.country, line.city, line.postal_code)
        reason = _refusal(mark, known, reasons)
        if reason is None:
            known.here.add(mark)
            good.append((line, index))
        else:
            refused[line.number] = reason
    return good, refused


def store(petition: Petition, found: SignatureImport, good: Good) -> None:
    """Seals the lines and counts them apart. The caller has prepared the vault for the petition's scope."""
    moment = clock.to_hour(clock.now())
    rows = [_row(petition, found, line, index, moment) for line, index in good]
    if rows:
        db.session.execute(INSERT, rows)
        exits.count(petition.id, 1, [found.origin.value] * len(rows))


def _refusal(mark: bytes | NameKey, known: Known, reasons: Sequence[tuple[Refusal, set[bytes]]]) -> Refusal | None:
    if mark in known.here:
        return Refusal.REPEATED
    if isinstance(mark, tuple):
        return Refusal.IMPORTED if mark in known.names else None
    return next((reason for reason, indexes in reasons if mark in indexes), None)


def _row(
    petition: Petition, found: SignatureImport, line: ImportedLine, index: bytes | None, moment: datetime
) -> dict[str, Any]:
    """As of who has sent the form, but for what nobody was asked here: it is shown to nobody, and agrees to no text."""
    public_id = line_id(found.public_id, line.number)
    person = {
        "name": line.name, "email": line.email, "postal_code": line.postal_code, "city": line.city, "role": "",
        "affiliation": line.affiliation, "comment": line.comment, "updates": line.updates, "may_ask": False,
        "no_mail": line.no_mail, "salt": secrets.token_hex(32),
    }  # fmt: skip
    sealed = vault().seal(petition.scope, SEALED_CONTEXT, public_id, person)
    return {
        "public_id": public_id, "petition_id": petition.id, "state": SubmissionState.IMPORTED, "code_tries": 0,
        "key_id": sealed.key_id, "data_key_id": sealed.data_key_id, "blob": sealed.blob, "country": line.country,
        "visibility": Visibility.COUNTED, "source": found.origin.value, "consent_digest": "",
        "received_at": clock.to_hour(line.signed_at) if line.signed_at else moment, "email_index": index,
        "index_version": RULES_VERSION if index else None, "proved": False, "trapped": False, "mails": 0,
        "import_id": found.id,
    }  # fmt: skip


def _key(name: str, country: str, city: str, postal_code: str) -> NameKey:
    return name_key(name), country, name_key(city), postal_code.replace(" ", "").upper()
