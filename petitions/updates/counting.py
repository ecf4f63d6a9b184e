"""What became of an update's mails: counted as it happens, read by the office."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select

from core.db import db, insert
from petitions.updates import outbox
from petitions.updates.models import Update, UpdateCount, UpdateState

SKIPPED = ("unsubscribed", "bounced", "this_week", "twice")  # never promised
LOST = ("refused", "stopped", "unwanted", "dead", "cancelled")  # promised, and not sent
STOPPED = "set_aside"  # since it last went on, it could not
HEARD = ("bounced_back", "complained")  # what came of those that were sent


@dataclass(frozen=True)
class Progress:
    """How far an update has come; `skipped`, `lost` and `heard` by outcome, without those of which there are none."""

    promised: int
    waiting: int
    skipped: Mapping[str, int]
    lost: Mapping[str, int]
    heard: Mapping[str, int]
    stopped: bool = False

    @property
    def sent(self) -> int:
        return max(0, self.promised - self.waiting - sum(self.lost.values()))


def tell(update_id: int, outcomes: Mapping[str, int]) -> None:
    """Adds to an update's counts in the current transaction."""
    for outcome, mails in outcomes.items():
        row = insert(UpdateCount).values(update_id=update_id, outcome=outcome, mails=mails)
        more = {"mails": UpdateCount.mails + mails}
        db.session.execute(row.on_conflict_do_update(index_elements=["update_id", "outcome"], set_=more))


def progress(found: Update) -> Progress:
    query = select(UpdateCount.outcome, UpdateCount.mails).where(UpdateCount.update_id == found.id)
    counts = {outcome: mails for outcome, mails in db.session.execute(query)}
    parts = [{name: counts[name] for name in names if name in counts} for names in (SKIPPED, LOST, HEARD)]
    return Progress(found.promised, outbox.unsent(found), parts[0], parts[1], parts[2], STOPPED in counts)


def reached_somebody(found: Update) -> bool:
    """Whether it has gone to anybody, or still may."""
    now = progress(found)
    return found.state != UpdateState.CANCELLED or now.sent + now.waiting > 0


def forget_stop(found: Update) -> None:
    """It goes on."""
    db.session.execute(delete(UpdateCount).where(UpdateCount.update_id == found.id, UpdateCount.outcome == STOPPED))
