"""Freezing: one look at those who agreed, each line found in the public log, and from then on the list stays as it is."""

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import and_, select

from core.batches import batches
from core.db import db
from deliveries.asking import criteria_of
from deliveries.log import lines
from deliveries.log import services as log_services
from deliveries.log.models import LoggedLine
from deliveries.models import Delivery
from deliveries.packs.progress import Progress
from deliveries.packs.spool import Proven, Spool
from petitions.invitations.models import Invitation
from petitions.list_services import SignatureLine, listed, signatures_for
from petitions.models import Petition, Signature
from petitions.states import InvitationKind

LOOKS = 3  # at most, where people change or confirm their lines meanwhile


@dataclass
class Frozen:
    """The list as it goes out. `texts`: the digests of what its people agreed to; `size` and `note`: of the log's checkpoint.

    `late`: ids of signatures whose line is not in the log as it stands now: they came, or changed, during the look."""

    spool: Spool
    size: int
    note: str
    log_digest: bytes
    ids: "array[int]" = field(default_factory=lambda: array("q"))
    texts: set[str] = field(default_factory=set)
    countries: Counter[str] = field(default_factory=Counter)
    late: list[int] = field(default_factory=list)

    @property
    def last_id(self) -> int | None:
        return max(self.ids, default=None)


def freeze(found: Delivery, draft: Path, progress: Progress) -> Frozen:
    """The lines that the delivery wishes, in a file of `draft`, with the checkpoint of the log that has them all. Commits."""
    for look in range(1, LOOKS + 1):
        progress.begin("log")
        log_services.append(found.petition, thorough=True)
        checkpoint = log_services.checkpoint(found.petition)
        frozen = Frozen(Spool(draft / f"lines-{look}"), checkpoint.size, checkpoint.note, checkpoint.digest)
        db.session.commit()
        if found.count_only:
            return frozen
        _look(found, frozen, progress)
        if not any(late < (frozen.last_id or 0) for late in frozen.late):
            break  # whoever came last of all is on the next list
    return frozen


def _look(found: Delivery, frozen: Frozen, progress: Progress) -> None:
    since = db.session.get(Delivery, found.since_id) if found.since_id else None
    criteria = criteria_of(since, tuple(found.countries))
    progress.begin("lines", listed(found.petition, criteria))
    notable = notables_of(found.petition) if found.notable_first else {}
    first: dict[int, Proven] = {}

    def others() -> Iterator[Proven]:
        for proven in _proven(found.petition, progress.over(signatures_for(found.petition, criteria)), frozen):
            frozen.texts.add(proven.line.text)
            frozen.countries[proven.line.country] += 1
            if proven.line.signature_id in notable:
                first[proven.line.signature_id] = proven
            else:
                frozen.ids.append(proven.line.signature_id)
                yield proven

    frozen.spool.fill(others())
    frozen.spool.first = [first[signature_id] for signature_id in notable if signature_id in first]
    frozen.ids = array("q", [proven.line.signature_id for proven in frozen.spool.first]) + frozen.ids


def notables_of(petition: Petition) -> dict[int, None]:
    """Ids of the signatures of notable people whom an organiser has approved, in their order; a closed letter keeps its own."""
    if petition.invited_only:
        return {}
    own = and_(Signature.id == Invitation.signature_id, Signature.public_id == Invitation.public_id)
    notable = (Invitation.kind == InvitationKind.NOTABLE, Invitation.approved_at.is_not(None))
    query = select(Signature.id).join(Invitation, own).where(Invitation.petition_id == petition.id, *notable)
    return dict.fromkeys(db.session.scalars(query.order_by(Invitation.position, Invitation.id)))


def _proven(petition: Petition, found: Iterator[SignatureLine], frozen: Frozen) -> Iterator[Proven]:
    """The lines whose leaf the log has; the others are noted as late."""
    for batch in batches(found):
        logged = _logged([line.signature_id for line in batch])
        for line in batch:
            episode, leaf = logged.get(line.signature_id, (b"", b""))
            if leaf and lines.leaf_of(petition.public_id, line, episode) == leaf:
                yield Proven(line, episode)
            else:
                frozen.late.append(line.signature_id)


def _logged(signature_ids: list[int]) -> dict[int, tuple[bytes, bytes]]:
    """Episode and leaf of the lines that stand in the log."""
    columns = (LoggedLine.signature_id, LoggedLine.episode, LoggedLine.add_leaf)
    rows = db.session.execute(select(*columns).where(LoggedLine.signature_id.in_(signature_ids)))
    return {signature_id: (episode, leaf) for signature_id, episode, leaf in rows}
