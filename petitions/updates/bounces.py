"""What comes back of updates: a mailbox that refused one, or whose owner called it a nuisance, gets no more of them."""

from sqlalchemy import select

from core import bounces, unsubscribes
from core.bounce_reports import COMPLAINT, NoReport, read
from core.db import db
from core.jobs import Job
from petitions.updates import audience, outbox
from petitions.updates.counting import tell
from petitions.updates.models import Update

NOT_OURS = "not_ours"
HEARD = {COMPLAINT: "complained"}  # the outcome by a report's kind; a refusal is the other
BOUNCED = "bounced_back"


def take(raw: bytes) -> str:
    """Applies one mail that came back; its outcome, once: the same report again changes nothing.

    The mail's list ends for the mailbox that it went to. No update of any petition goes there where the report names the very
    address, for the list's mark shows that it was that one: nobody can so end another's mail."""
    try:
        report = read(raw)
    except NoReport:
        return NOT_OURS
    key = db.session.scalar(select(Job.key).where(Job.public_id == report.token))
    prefix, _, rest = (key or "").partition(f"mail:{outbox.PREFIX}:")
    public_id, _, mark = rest.rpartition(":")
    found = db.session.scalar(select(Update).where(Update.public_id == public_id))
    if prefix or found is None:
        return NOT_OURS
    outcome, digest = HEARD.get(report.kind, BOUNCED), bytes.fromhex(mark)
    new = unsubscribes.stop_digest(digest) if report.kind == COMPLAINT else bounces.note(digest)
    for named in sorted(report.recipients - {""}):
        if unsubscribes.digest_of(named, audience.list_name(found.petition)) == digest:
            bounces.note(unsubscribes.digest_of(named))
    if new:
        tell(found.id, {outcome: 1})
    return outcome
