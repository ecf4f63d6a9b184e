"""Sessions as the server keeps them: begun, seen, ended. A cookie whose row has ended enters nothing any more."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import joinedload

from core import audit, clock
from core.db import RowNotFound, db
from core.tokens import digest, new_secret
from organisers.accounts import links
from organisers.accounts.models import OfficeSession
from organisers.models import Organiser

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)  # from entering, however busy
SEEN_EVERY = timedelta(minutes=1)  # so that reading pages takes no write lock
PROOF_LASTS = timedelta(minutes=5)
# In this order: Edge and Opera call themselves Chrome too, and every one of them Safari.
BROWSERS: Mapping[str, str] = {
    "Edg": "Edge", "OPR": "Opera", "Firefox": "Firefox", "Chrome": "Chrome", "Chromium": "Chrome", "Safari": "Safari",
}  # fmt: skip
SYSTEMS: Mapping[str, str] = {
    "Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "Windows": "Windows", "Mac OS": "macOS", "Linux": "Linux",
}  # fmt: skip


class NotFound(RowNotFound):
    """No such session, one that has ended, or somebody else's."""


def begin(organiser: Organiser, *, by: str, browser: str, proven: bool, factor_given: bool = False) -> str:
    """A new session; gives the secret that its cookie carries. `proven`: nothing more is asked for in the next minutes."""
    secret, moment = new_secret(), clock.now()
    db.session.execute(delete(OfficeSession).where(OfficeSession.created_at < moment - LONGEST))
    row = OfficeSession(
        digest=digest(secret), organiser_id=organiser.id, entered_by=by, browser=browser, created_at=moment,
        last_seen_at=moment, stepped_up_at=moment if proven else None, factor_at=moment if factor_given else None,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return secret


def find(secret: str) -> OfficeSession | None:
    """The session of this cookie, while it lives and its account is open."""
    mine = select(OfficeSession).join(Organiser).where(OfficeSession.digest == digest(secret), *_alive())
    return db.session.scalar(mine.options(joinedload(OfficeSession.organiser)))


def run_out(secret: str) -> OfficeSession | None:
    """The session of this cookie that nobody ended: too long without use, or too old. Of an open account."""
    unended = (Organiser.active.is_(True), OfficeSession.ended_at.is_(None))
    return db.session.scalar(
        select(OfficeSession).join(Organiser).where(OfficeSession.digest == digest(secret), *unended)
    )


def see(session: OfficeSession) -> bool:
    """Notes that the session is in use, at most once a minute; whether there was something to note."""
    if clock.now() - session.last_seen_at < SEEN_EVERY:
        return False
    session.last_seen_at = clock.now()
    return True


def prove(session: OfficeSession, *, factor: bool) -> str:
    """Notes that somebody has just proved who they are, under a new secret: one seen before is worth no more than it was."""
    secret, moment = new_secret(), clock.now()
    session.digest, session.stepped_up_at = digest(secret), moment
    session.challenge = None
    if factor:
        session.factor_at = moment
    db.session.flush()
    return secret


def is_proven(session: OfficeSession) -> bool:
    """Whether somebody has proved who they are within the last five minutes."""
    return session.stepped_up_at is not None and clock.now() - session.stepped_up_at <= PROOF_LASTS


def live(organiser: Organiser) -> Sequence[OfficeSession]:
    """The organiser's sessions, the one used last first."""
    mine = select(OfficeSession).join(Organiser).where(OfficeSession.organiser_id == organiser.id, *_alive())
    return db.session.scalars(mine.order_by(OfficeSession.last_seen_at.desc(), OfficeSession.id.desc())).all()


def end(organiser: Organiser, session_id: int) -> None:
    """Ends one of the organiser's own sessions, and every mailed link that waits. Raises NotFound."""
    links.drop(organiser)
    if _end(OfficeSession.organiser_id == organiser.id, OfficeSession.id == session_id) == 0:
        raise NotFound(session_id)
    audit.record("organiser.session_ended", organiser.email, actor=organiser.email)


def end_others(session: OfficeSession) -> int:
    """Ends every session of the account but this one, and every mailed link that waits. How many."""
    links.drop(session.organiser)
    email = session.organiser.email
    ended = _end(OfficeSession.organiser_id == session.organiser_id, OfficeSession.id != session.id)
    audit.record("organiser.other_sessions_ended", email, actor=email, sessions=ended)
    return ended


def end_all(organiser: Organiser) -> None:
    """Makes every cookie and every mailed link that this organiser holds anywhere useless."""
    links.drop(organiser)
    _end(OfficeSession.organiser_id == organiser.id)


def end_everybodys() -> None:
    """Everybody must log in again: a backup brings back sessions that had ended since, and links."""
    links.drop_everybodys()
    _end()


def browser_of(user_agent: str) -> str:
    """Browser and system in a coarse word, `Firefox, Linux`: enough to know one's own again, and no more."""
    words = (next((word for mark, word in table.items() if mark in user_agent), "") for table in (BROWSERS, SYSTEMS))
    return ", ".join(filter(None, words)) or "?"


def _alive() -> tuple:  # type: ignore[type-arg]
    moment = clock.now()
    return (
        Organiser.active.is_(True), OfficeSession.ended_at.is_(None),
        OfficeSession.last_seen_at > moment - IDLE, OfficeSession.created_at > moment - LONGEST,
    )  # fmt: skip


def _end(*which) -> int:  # type: ignore[no-untyped-def]
    ended = update(OfficeSession).where(*which, OfficeSession.ended_at.is_(None)).values(ended_at=clock.now())
    return len(db.session.execute(ended.returning(OfficeSession.id)).all())
