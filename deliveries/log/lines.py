"""Where the log and the state of the signatures differ: found in one pass over them, opened only where they may."""

import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, func, or_, select, true

from core.streams import stream_apart
from core.vault import VaultError
from deliveries.columns import logged_values
from deliveries.log import leaves
from deliveries.log.models import LoggedLine
from petitions.list_services import LINE_COLUMNS, SignatureLine, deliverable, line_reader, notables
from petitions.models import Petition, Signature
from petitions.states import LISTED, SignatureState

log = logging.getLogger(__name__)

AT_ONCE = 2000
NONCE = 12  # bytes, with which a sealed row begins
LOGGED = (LoggedLine.episode, LoggedLine.nonce, LoggedLine.consent_digest, LoggedLine.add_leaf)
SAME = LoggedLine.signature_id == Signature.id
BLOB, ID = (LINE_COLUMNS.index(column) for column in (Signature.blob, Signature.id))  # their places in a row


@dataclass
class Batch:
    """What is to be written at once: lines that go, by signature and episode; rows that come, also instead of one that goes;
    and (signature, episode, nonce) of rows that were only sealed anew."""

    gone: list[tuple[int, bytes]] = field(default_factory=list)
    came: list[dict[str, Any]] = field(default_factory=list)
    resealed: list[dict[str, Any]] = field(default_factory=list)

    @property
    def full(self) -> bool:
        return len(self.gone) + len(self.came) + len(self.resealed) >= AT_ONCE


def leaf_of(petition: str, line: SignatureLine, episode: bytes, act: str = leaves.ADD) -> bytes:
    """The leaf that stands for a line, or takes it back. `petition`: its public id."""
    secret = leaves.secret_of(line.salt, episode, act)
    marks = leaves.marks_of(secret, logged_values(line))
    return leaves.leaf(leaves.leaf_key(secret), leaves.Bound(petition, line.public_id, line.text), marks, act)


def differences(petition: Petition, *, thorough: bool) -> Iterator[Batch]:
    """Everything in which the log is behind, in batches that the caller may commit one by one."""
    judge, batch = _judge(petition), Batch()
    left, present = _left(petition.id), _to_look_at(petition, thorough)
    for signature_id, episode in stream_apart(left):
        batch.gone.append((signature_id, episode))
        if batch.full:
            yield batch
            batch = Batch()
    for row in stream_apart(present):
        judge(row, batch)
        if batch.full:
            yield batch
            batch = Batch()
    yield batch


def _judge(petition: Petition) -> Callable[[Sequence[Any], Batch], None]:
    read, petition_id, public_id = line_reader(petition), petition.id, petition.public_id

    def judge(row: Sequence[Any], batch: Batch) -> None:
        """Opens one row and notes in the batch what it means for the log."""
        episode, nonce, text, add_leaf = row[len(LINE_COLUMNS) :]
        try:
            line = read(row)
        except VaultError:  # changed or damaged: one row must not stop the log of all
            log.error("signature %s does not open: the public log does not follow it", row[ID])
            return
        sealed = row[BLOB][:NONCE]
        if episode is not None and leaf_of(public_id, line, episode) == add_leaf:
            if (sealed, line.text) != (nonce, text):
                batch.resealed.append({"signature": line.signature_id, "stay": episode, "nonce": sealed})
            return
        if episode is not None:
            batch.gone.append((line.signature_id, episode))
        batch.came.append({"petition_id": petition_id, "nonce": sealed, **_stay(public_id, line)})

    return judge


def _stay(petition: str, line: SignatureLine) -> dict[str, Any]:
    """A new stay of a line in the log, with the leaf that will end it: later the salt may be gone."""
    episode = secrets.token_bytes(16)
    return {
        "signature_id": line.signature_id, "episode": episode, "consent_digest": line.text,
        "add_leaf": leaf_of(petition, line, episode), "remove_leaf": leaf_of(petition, line, episode, leaves.REMOVE),
    }  # fmt: skip


def _left(petition_id: int) -> Any:
    """Whose line stands in the log, and should no more; whom retention cleared has not left."""
    left = or_(Signature.state != SignatureState.VALID, Signature.visibility.not_in(LISTED))
    return (
        select(LoggedLine.signature_id, LoggedLine.episode)
        .join(Signature, SAME)
        .where(LoggedLine.petition_id == petition_id, left)
    )


def _to_look_at(petition: Petition, thorough: bool) -> Any:
    """Those who are not in the log, and those whose line may be another by now: `thorough`: whoever is in it."""
    changed = or_(
        LoggedLine.signature_id.is_(None),
        func.substr(Signature.blob, 1, NONCE) != LoggedLine.nonce,
        Signature.consent_digest != LoggedLine.consent_digest,
        Signature.id.in_(notables(petition)),
    )
    columns = select(*LINE_COLUMNS, *LOGGED).select_from(Signature).outerjoin(LoggedLine, and_(SAME))
    return columns.where(*deliverable(petition), Signature.blob.is_not(None), true() if thorough else changed)
