"""The public log of a petition: brought up to date with its signatures, signed as it stands, and read out."""

import hashlib
import secrets
from base64 import b64encode
from collections.abc import Container, Iterator
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import bindparam, delete, exists, select, tuple_, update

from core import clock, journal, site_signature
from core.db import RowNotFound, db, insert
from core.slow_jobs import heed
from core.streams import stream_apart
from deliveries.columns import logged_values
from deliveries.log import chunks, leaves, lines
from deliveries.log.models import LogCheckpoint, LoggedLine, LogWaiting
from petitions.list_services import SignatureLine
from petitions.models import Petition, Signature

SIGNED = (
    "log-signed"  # in the journal: petition, size and digest of each checkpoint, for when an old backup is restored
)


class NoCheckpoint(RowNotFound):
    """Nothing was ever signed about this log, or not about that size."""


def append(petition: Petition, *, thorough: bool = False) -> None:
    """Brings the log up to date; `thorough`: looks into every sealed row, also where nothing tells that its line has changed.

    Commits as it goes. A line's row and its leaf are committed together, the leaf to where it waits; the last step shuffles
    what waits into the log. So whoever is killed, or works beside another, leaves nothing out and adds nothing twice.
    Raises Stopping between two batches where this process has been told to end."""
    if petition.erased_at is not None:
        return
    petition_id = petition.id
    for batch in lines.differences(petition, thorough=thorough):
        heed()
        _store(petition_id, batch)
    while not chunks.fold(petition_id):
        pass


def _store(petition_id: int, batch: lines.Batch) -> None:
    """One batch, committed: each row only if it still is as it was read, its leaf only with the row."""
    chunks.lock(petition_id)
    taken = _take(batch)
    replaced = {signature_id for signature_id, _ in batch.gone} - taken.keys()  # by another append, which was faster
    came = [row for row in batch.came if row["signature_id"] not in replaced]
    waiting = b"".join([*taken.values(), *_put(came)])
    if batch.resealed:
        same = (LoggedLine.signature_id == bindparam("signature"), LoggedLine.episode == bindparam("stay"))
        noting = update(LoggedLine.__table__).where(*same).values(nonce=bindparam("nonce"))  # type: ignore[arg-type]
        db.session.connection().execute(noting, batch.resealed)
    if waiting:
        db.session.add(LogWaiting(petition_id=petition_id, leaves=waiting))
    db.session.commit()


def _take(batch: lines.Batch) -> dict[int, bytes]:
    """Signature → the leaf that takes its line back, of those that stood."""
    if not batch.gone:
        return {}
    stay = tuple_(LoggedLine.signature_id, LoggedLine.episode).in_(batch.gone)
    going = delete(LoggedLine).where(stay).returning(LoggedLine.signature_id, LoggedLine.remove_leaf)
    rows = db.session.execute(going, execution_options=chunks.UNSYNCED)
    return {row.signature_id: row.remove_leaf for row in rows}


def _put(rows: list[dict[str, Any]]) -> list[bytes]:
    """The leaves of those that were not there already: written without a word back, which is faster, and then looked up."""
    if not rows:
        return []
    rows = sorted(rows, key=lambda row: row["signature_id"])  # whoever locks several, locks them in this order
    db.session.connection().execute(insert(LoggedLine.__table__).on_conflict_do_nothing(), rows)
    these = LoggedLine.signature_id.in_([row["signature_id"] for row in rows])
    found = db.session.execute(select(LoggedLine.signature_id, LoggedLine.episode).where(these))
    stands = {signature_id: episode for signature_id, episode in found}
    return [row["add_leaf"] for row in rows if stands.get(row["signature_id"]) == row["episode"]]


def checkpoint(petition: Petition) -> LogCheckpoint:
    """The signed note over the log as it stands; made if none was signed over this size. Needs the keystore."""
    size = chunks.size(petition.id)
    found = db.session.get(LogCheckpoint, (petition.id, size))
    if found is not None and not found.note:  # another log of this size went out once: never two under one size
        chunks.lock(petition.id)
        chunks.add(petition.id, secrets.token_bytes(leaves.LEAF))
        return checkpoint(petition)
    return found or _sign(petition, size)


def _sign(petition: Petition, size: int) -> LogCheckpoint:
    digest = digest_of(petition.id, size)
    note = site_signature.signed_note(origin(petition), note_text(petition, size, digest))
    values = {"petition_id": petition.id, "size": size, "digest": digest, "note": note, "created_at": clock.now()}
    db.session.execute(insert(LogCheckpoint.__table__).values(values).on_conflict_do_nothing())
    journal.promise(SIGNED, f"{petition.public_id}.{size}.{digest.hex()}")
    return db.session.get_one(LogCheckpoint, (petition.id, size), populate_existing=True)


def origin(petition: Petition) -> str:
    """The log's name, which also signs its notes."""
    host = urlsplit(current_app.config["UNDERSIGNED"].server_url).hostname
    return f"{host}/petitions/{petition.public_id}"


def note_text(petition: Petition, size: int, digest: bytes) -> str:
    """What is signed about a log of that size."""
    return f"{origin(petition)}\n{size}\n{b64encode(digest).decode()}\n"


def digest_of(petition_id: int, size: int) -> bytes:
    """The SHA-256 of the first `size` leaves."""
    running = hashlib.sha256()
    for piece in chunks.prefix(petition_id, size):
        running.update(piece)
    return running.digest()


def find_newest(petition_id: int) -> LogCheckpoint | None:
    """The newest checkpoint that the log still answers for."""
    theirs = select(LogCheckpoint).where(LogCheckpoint.petition_id == petition_id, LogCheckpoint.note != "")
    return db.session.scalar(theirs.order_by(LogCheckpoint.size.desc()).limit(1))


def newest(petition: Petition, limit: int) -> list[LogCheckpoint]:
    """What was signed last, lost ones among them."""
    theirs = select(LogCheckpoint).where(LogCheckpoint.petition_id == petition.id)
    ordered = theirs.order_by(LogCheckpoint.created_at.desc(), LogCheckpoint.size.desc())
    return list(db.session.scalars(ordered.limit(limit)))


def get_checkpoint(petition: Petition, size: int | None = None) -> LogCheckpoint:
    """The newest, or the one over that size, be it lost. Raises NoCheckpoint."""
    found = find_newest(petition.id) if size is None else db.session.get(LogCheckpoint, (petition.id, size))
    if found is None:
        raise NoCheckpoint(petition.slug)
    return found


def prefix(petition: Petition, size: int) -> Iterator[bytes]:
    """The bytes of the first `size` leaves, in pieces."""
    return chunks.prefix(petition.id, size)


def episodes(petition_id: int) -> Iterator[tuple[int, bytes]]:
    """Signature id and episode of each line that stands in the log, by signature id."""
    theirs = select(LoggedLine.signature_id, LoggedLine.episode).where(LoggedLine.petition_id == petition_id)
    for row in stream_apart(theirs.order_by(LoggedLine.signature_id)):
        yield row[0], row[1]


def proof_of(line: SignatureLine, episode: bytes, shown: Container[str]) -> dict[str, str]:
    """What a pack gives for a line of a list that shows these columns, as hex."""
    return leaves.proof(leaves.secret_of(line.salt, episode), logged_values(line), shown)


def is_logged(signature: Signature) -> bool:
    """Whether the signature's line stands in the log, for sure: not only where it waits."""
    mine = select(LoggedLine.signature_id).where(LoggedLine.signature_id == signature.id)
    waiting = exists().where(LogWaiting.petition_id == signature.petition_id)
    return db.session.scalar(mine.where(~waiting)) is not None
