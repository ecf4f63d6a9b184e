"""The doctor's look at the public logs: do they still hold what was signed about them?"""

from sqlalchemy import select

from config import Settings
from core import site_signature
from core.db import db
from core.findings import Finding, failed, warning, well
from deliveries.log import chunks, services
from deliveries.log.models import LogCheckpoint
from petitions.models import Petition


def public_logs(settings: Settings) -> Finding:
    """The leaves of each log against its newest checkpoint, and that against the site's key."""
    petitions = db.session.scalars(select(Petition).order_by(Petition.slug)).all()
    broken = [petition.slug for petition in petitions if not _holds(petition)]
    if broken:
        return failed(
            "public logs",
            f"Not what was signed: {', '.join(broken)}. Somebody changed the leaves or the checkpoint, or the site's key is "
            "another: compare with a backup, and deliver nothing before it is found.",
        )
    lost = [petition.slug for petition in petitions if _has_lost(petition)]
    if lost:
        return warning(
            "public logs",
            f"A backup was restored that is older than what was signed: {', '.join(lost)}. Recipients may hold a checkpoint "
            "that the log does not continue. Tell them why; the petition's feed says it, too.",
        )
    return well("public logs", "Each begins with what was signed about it.")


def _holds(petition: Petition) -> bool:
    newest = services.find_newest(petition.id)
    if newest is None:
        return True
    text = site_signature.note_text(newest.note, services.origin(petition), site_signature.public_key())
    if text != services.note_text(petition, newest.size, newest.digest):
        return False
    return chunks.size(petition.id) >= newest.size and services.digest_of(petition.id, newest.size) == newest.digest


def _has_lost(petition: Petition) -> bool:
    lost = (LogCheckpoint.petition_id == petition.id, LogCheckpoint.note == "")
    return db.session.scalar(select(LogCheckpoint.size).where(*lost).limit(1)) is not None


CHECKS = (public_logs,)
