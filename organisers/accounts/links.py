"""Mailed links that still wait: whatever shuts a thief out of an account ends them too."""

from sqlalchemy import delete, update

from core import audit, clock
from core.db import db
from organisers.accounts.models import EmailChange, OfficeInvitation
from organisers.models import LoginLink, Organiser


def drop(organiser: Organiser) -> None:
    """Login links and a change of address that wait are worth nothing from now on.

    Before sessions are ended: whoever is entering by a link at this moment is waited for, and their session then seen."""
    for table in (LoginLink, EmailChange):
        db.session.execute(delete(table).where(table.organiser_id == organiser.id))


def drop_everybodys() -> None:
    """A backup brings back links that were used or dropped since: each has to be asked for, or sent, again."""
    for table in (LoginLink, EmailChange):
        db.session.execute(delete(table))
    db.session.execute(update(OfficeInvitation).values(expires_at=clock.now()))


def drop_invitations_of(organiser: Organiser, *, actor: str) -> None:
    """Whom somebody asked in who may not any more, stays out: it may be they themselves under another address."""
    theirs = delete(OfficeInvitation).where(OfficeInvitation.invited_by == organiser.email)
    for email in db.session.scalars(theirs.returning(OfficeInvitation.email)).all():
        audit.record("organiser.invitation_revoked", email, actor=actor)
