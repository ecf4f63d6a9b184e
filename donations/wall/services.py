"""The wall as it is shown, and its words as organisers judge them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select, update
from sqlalchemy.orm import joinedload

from core import audit, clock
from core.db import RowNotFound, db
from core.keystore import KeyMissing
from core.vault import VaultError
from donations.checkout_services import open_donor
from donations.models import Tribute
from donations.wall import patrons
from donations.wall.models import WallEntry, Words
from donations.wall.standing import entry_stands

MAY_BECOME = {Words.APPROVED: (Words.WAITING,), Words.HIDDEN: (Words.WAITING, Words.APPROVED)}


class EntryNotFound(RowNotFound):
    """No row of the wall has this number."""


class JudgedAlready(ValueError):
    """Its words were judged otherwise: what is hidden stays hidden."""


@dataclass(frozen=True)
class Shown:
    """What the wall tells of a giver: no time and no amount; blank where there is nothing to tell."""

    id: int
    name: str
    message: str
    tribute: str
    tribute_name: str
    level: str


@dataclass(frozen=True)
class Waiting:
    """Words that an organiser reads before anybody else."""

    entry: WallEntry
    message: str
    tribute: str
    tribute_name: str


def shown(case_id: int | None, *, limit: int, before: int | None = None) -> list[Shown]:
    """The wall of a case (None: of the general fund), the newest first."""
    mine = (WallEntry.case_id.is_not_distinct_from(case_id), WallEntry.name.is_not(None), entry_stands())
    query = select(WallEntry).where(*mine).options(joinedload(WallEntry.donation)).order_by(WallEntry.id.desc())
    if before is not None:
        query = query.where(WallEntry.id < before)
    entries = list(db.session.scalars(query.limit(limit)))
    levels = patrons.badges([entry.donation for entry in entries if entry.donation])
    return [_shown(entry, levels.get(entry.donation_id or 0, "")) for entry in entries]


def get(entry_id: int) -> WallEntry:
    """A row of the wall. Raises EntryNotFound."""
    entry = db.session.get(WallEntry, entry_id)
    if entry is None:
        raise EntryNotFound(str(entry_id))
    return entry


def get_shown_words(entry_id: int) -> WallEntry:
    """A row of the wall whose words are shown now. Raises EntryNotFound."""
    query = select(WallEntry).where(WallEntry.id == entry_id, WallEntry.words == Words.APPROVED, entry_stands())
    entry = db.session.scalar(query.where(WallEntry.name.is_not(None)))
    if entry is None:
        raise EntryNotFound(str(entry_id))
    return entry


def waiting(limit: int = 50, *, cases: Collection[int] | None = None) -> list[Waiting]:
    """Words that nobody has judged, the oldest first, for gifts to these cases or to all; opened, for the office only."""
    return in_state(Words.WAITING, cases=cases, limit=limit)


def in_state(words: Words, *, cases: Collection[int] | None = None, limit: int) -> list[Waiting]:
    """Words that stand so, for gifts to these cases or to all; those that wait in their order, else those judged last first."""
    query = _of(cases).where(WallEntry.words == words, WallEntry.name.is_not(None), entry_stands())
    order = (WallEntry.id,) if words == Words.WAITING else (WallEntry.judged_at.desc(), WallEntry.id.desc())
    found = db.session.scalars(query.options(joinedload(WallEntry.donation)).order_by(*order).limit(limit))
    return [opened(entry) for entry in found]


def opened(entry: WallEntry) -> Waiting:
    """The words of a row as its donor wrote them, '' where the donor was erased or the seal does not open; for the office."""
    assert entry.donation is not None  # a gift outside Stripe has no words
    try:
        donor = open_donor(entry.donation) if entry.donation.blob is not None else None
    except (VaultError, KeyMissing):
        donor = None
    if donor is None:
        return Waiting(entry, "", "", "")
    return Waiting(entry, donor["message"], str(entry.donation.tribute), donor.get("tribute_name", ""))


def approved(limit: int = 50, *, cases: Collection[int] | None = None) -> list[WallEntry]:
    """Words that are shown, for gifts to these cases or to all, those that were approved last first."""
    query = _of(cases).where(WallEntry.words == Words.APPROVED, WallEntry.name.is_not(None), entry_stands())
    recent = query.options(joinedload(WallEntry.donation)).order_by(WallEntry.judged_at.desc(), WallEntry.id.desc())
    return list(db.session.scalars(recent.limit(limit)))


def judge(entry_id: int, words: Words, *, actor: str) -> None:
    """Approves words or hides them, noted in the audit chain. Raises EntryNotFound, JudgedAlready."""
    values = {"words": words, "judged_by": actor, "judged_at": clock.now(), "message": None, "tribute_name": None}
    judged = update(WallEntry).where(WallEntry.id == entry_id, WallEntry.words.in_(MAY_BECOME[words]))
    if db.session.execute(judged.values(values).returning(WallEntry.id)).scalar() is None:
        if db.session.get(WallEntry, entry_id) is None:
            raise EntryNotFound(str(entry_id))
        raise JudgedAlready(str(entry_id))
    audit.record(f"wall.{words}", str(entry_id), actor=actor)
    entry = db.session.get_one(WallEntry, entry_id, populate_existing=True)
    if words == Words.APPROVED and entry.name and entry.donation and entry.donation.blob:
        write_words(entry, open_donor(entry.donation))


def hold_again(entry_id: int, was: Words) -> None:
    """Lets words wait again, if they still stand as they were seen; nothing of them is lost. Raises JudgedAlready."""
    values = {"words": Words.WAITING, "judged_by": None, "judged_at": None, "message": None, "tribute_name": None}
    held = update(WallEntry).where(WallEntry.id == entry_id, WallEntry.words == was).values(values)
    if db.session.execute(held.returning(WallEntry.id)).scalar() is None:
        raise JudgedAlready(str(entry_id))


def write_words(entry: WallEntry, donor: dict[str, str]) -> None:
    """Puts approved words into clear; whoever is hidden or waits keeps them sealed."""
    if entry.words == Words.APPROVED:
        entry.message, entry.tribute_name = donor["message"] or None, donor.get("tribute_name") or None
        db.session.flush()


def page_after(rows: Sequence[Shown], size: int) -> int | None:
    """Where the next page begins, of rows that were asked for with one more than the page holds."""
    return rows[size - 1].id if len(rows) > size else None


def _shown(entry: WallEntry, level: str) -> Shown:
    tribute = entry.donation.tribute if entry.donation and entry.tribute_name else Tribute.NONE
    return Shown(
        entry.id, entry.name or "", entry.message or "", str(tribute), entry.tribute_name or "", level,
    )  # fmt: skip


def _of(cases: Collection[int] | None) -> Select[WallEntry]:
    return select(WallEntry) if cases is None else select(WallEntry).where(WallEntry.case_id.in_(cases))
