"""After an old backup: what had been signed about logs since, so that the site says what it cannot continue."""

from sqlalchemy import select

from core import clock
from core.db import db, insert
from deliveries.log.models import LogCheckpoint
from deliveries.log.services import SIGNED
from petitions.models import Petition


def replay(act: str, line: str) -> None:
    """Notes a journalled checkpoint that the backup did not have as lost; other acts and unknown petitions do nothing."""
    if act != SIGNED:
        return
    public_id, size, digest = line.split(".")
    petition_id = db.session.scalar(select(Petition.id).where(Petition.public_id == public_id))
    if petition_id is None:
        return
    lost = {"petition_id": petition_id, "size": int(size), "digest": bytes.fromhex(digest), "note": ""}
    row = insert(LogCheckpoint.__table__).values(**lost, created_at=clock.now())
    db.session.execute(row.on_conflict_do_nothing())
