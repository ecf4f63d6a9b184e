"""Lines from paper as signatures: stored once, counted as paper, and never twice for one address."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from sqlalchemy import select, update

from core import clock
from core.db import db, insert
from core.mailboxes.canonical import RULES_VERSION, blind_index
from core.vault import VaultKey, vault
from petitions import deadlines, sources
from petitions.counting import tallies
from petitions.models import Petition, Signature, Suppression
from petitions.paper.models import PaperBatch
from petitions.persons import SEALED_CONTEXT
from petitions.states import Method, PetitionState, SignatureState, Visibility

AT_ONCE = 500
TAKES_PAPER = (PetitionState.OPEN, PetitionState.PAUSED, PetitionState.CLOSED)


class PaperNotTaken(ValueError):
    """The petition takes no lines from paper: not yet, no more, or never."""


class PaperLine(NamedTuple):
    """What stands on one line of a sheet, cleaned; `country` is a code."""

    name: str
    country: str
    city: str = ""
    postal_code: str = ""
    email: str = ""


class Addressed(Protocol):
    """A line that may have an address."""

    @property
    def email(self) -> str: ...


@dataclass
class Entered:
    """What became of the lines, by their place in what was given."""

    counted: list[int] = field(default_factory=list)
    signed: list[int] = field(default_factory=list)
    disowned: list[int] = field(default_factory=list)
    repeated: list[int] = field(default_factory=list)


def takes_paper(petition: Petition) -> bool:
    """Whether lines may be entered; once the clocks have taken the indexes nobody could be recognised as entered twice."""
    if petition.state not in TAKES_PAPER or petition.invited_only or petition.erased_at is not None:
        return False
    return petition.state != PetitionState.CLOSED or not deadlines.ran_out(petition)


def enter(
    petition: Petition, lines: Sequence[PaperLine], *, batch: PaperBatch, consent_digest: str, once: str
) -> Entered:
    """Stores the lines as valid signatures; who has signed with the same address is left out, by the database's word.

    `once` names this sending: its lines are stored once, however often they arrive. The caller has prepared the vault for
    the petition's scope. Raises PaperNotTaken."""
    if not takes_paper(petition) or not _hold(batch):
        raise PaperNotTaken(petition.state)
    entered, rows = Entered(), {}
    indexes = indexes_of(petition, lines)
    silent = disowned(petition, indexes)
    for place, (line, index) in enumerate(zip(lines, indexes, strict=True)):
        if index in silent:
            entered.disowned.append(place)
        else:
            rows[place] = _row(petition, line, index, line_id(once, place), batch.id, consent_digest)
    stored = _insert(list(rows.values()))
    tallies.change_many(petition.id, 1, stored)
    _sort_out(entered, rows, {row.public_id for row in stored})
    return entered


def _hold(batch: PaperBatch) -> bool:
    """Whether the batch stands, which then nobody takes back before these lines are committed: they go with it."""
    standing = (PaperBatch.id == batch.id, PaperBatch.taken_back_at.is_(None))
    holding = update(PaperBatch).where(*standing).values(label=PaperBatch.label).returning(PaperBatch.id)
    return db.session.execute(holding, execution_options={"synchronize_session": False}).scalar() is not None


def indexes_of(petition: Petition, lines: Sequence[Addressed]) -> list[bytes | None]:
    """The blind index of each line's address; None where no address stands."""
    key = vault().index_key(active_key(petition)) if any(line.email for line in lines) else b""
    return [blind_index(key, line.email) if line.email else None for line in lines]


def disowned(petition: Petition, indexes: Sequence[bytes | None]) -> set[bytes]:
    """Those indexes whose owner has said that they never signed."""
    query = select(Suppression.email_index).where(Suppression.petition_id == petition.id)
    return among(query, Suppression.email_index, indexes)


def signed(petition: Petition, indexes: Sequence[bytes | None]) -> set[bytes]:
    """Those indexes that stand among the petition's signatures already."""
    query = select(Signature.email_index).where(Signature.petition_id == petition.id)
    return among(query, Signature.email_index, indexes)


def _row(
    petition: Petition, line: PaperLine, index: bytes | None, public_id: str, batch_id: int, consent_digest: str
) -> dict[str, Any]:
    person = {
        "name": line.name, "email": line.email, "postal_code": line.postal_code, "city": line.city, "role": "",
        "affiliation": "", "comment": "", "updates": False, "may_ask": False, "salt": secrets.token_hex(32),
    }  # fmt: skip
    sealed = vault().seal(petition.scope, SEALED_CONTEXT, public_id, person)
    hour = clock.to_hour(clock.now())
    return {
        "public_id": public_id, "petition_id": petition.id, "method": Method.PAPER, "state": SignatureState.VALID,
        "email_index": index, "index_version": RULES_VERSION if index else None, "key_id": sealed.key_id,
        "data_key_id": sealed.data_key_id, "blob": sealed.blob, "country": line.country,
        "visibility": Visibility.RECIPIENTS, "source": sources.PAPER, "consent_digest": consent_digest, "signed_at": hour,
        "confirmed_at": hour, "batch_id": batch_id,
    }  # fmt: skip


def line_id(once: str, place: int) -> str:
    """128 bits that the same line of the same sending always gets: UNIQUE then stores it once."""
    return urlsafe_b64encode(hashlib.sha256(f"{once}:{place}".encode()).digest()[:16]).decode().rstrip("=")


def _insert(rows: Sequence[dict[str, Any]]) -> list[Any]:
    columns = (Signature.public_id, Signature.country, Signature.source, Signature.confirmed_at, Signature.method)
    if not rows:
        return []
    return list(db.session.execute(insert(Signature.__table__).on_conflict_do_nothing().returning(*columns), rows))


def _sort_out(entered: Entered, rows: dict[int, dict[str, Any]], stored: set[str]) -> None:
    """Counted, or not: then either this very line has come before, or its address has signed."""
    missing = [row["public_id"] for row in rows.values() if row["public_id"] not in stored]
    known = among(select(Signature.public_id), Signature.public_id, missing)
    for place, row in rows.items():
        if row["public_id"] in stored:
            entered.counted.append(place)
        else:
            (entered.repeated if row["public_id"] in known else entered.signed).append(place)


def active_key(petition: Petition) -> str:
    query = select(VaultKey.id).where(VaultKey.scope == petition.scope, VaultKey.retired_at.is_(None))
    return db.session.scalars(query).one()


def among(query: Any, column: Any, wanted: Iterable[Any]) -> set[Any]:
    """The values of a column that are among the wanted ones, asked for some hundreds at a time."""
    values = [value for value in wanted if value is not None]
    found: set[Any] = set()
    for begin in range(0, len(values), AT_ONCE):
        found.update(db.session.scalars(query.where(column.in_(values[begin : begin + AT_ONCE]))))
    return found
