"""The wall as it is shown, and its words as organisers judge them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select, update
from sqlalchemy.orm import joinedload

from cases import veil
from cases.services import is_shown
from core import clock
from core.db import RowNotFound, db
from donations.checkout_services import open_donor
from donations.models import Tribute
from donations.seals import UNREADABLE
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
    return [show(entry, levels.get(entry.donation_id or 0, "")) for entry in entries]


def get(entry_id: int) -> WallEntry:
    """A row of the wall. Raises EntryNotFound."""
    entry = db.session.get(WallEntry, entry_id)
    if entry is None:
        raise EntryNotFound(str(entry_id))
    return entry


def get_shown_words(entry_id: int) -> WallEntry:
    """A row of the wall whose words are shown now, of a case that is. Raises EntryNotFound."""
    query = select(WallEntry).where(WallEntry.id == entry_id, WallEntry.words == Words.APPROVED, entry_stands())
    entry = db.session.scalar(query.where(WallEntry.name.is_not(None)))
    if entry is None or (entry.case is not None and not is_shown(entry.case)):
        raise EntryNotFound(str(entry_id))
    return entry


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
    except UNREADABLE:
        donor = None
    if donor is None:
        return Waiting(entry, "", "", "")
    return Waiting(entry, donor["message"], str(entry.donation.tribute), donor.get("tribute_name", ""))


def judge(entry_id: int, words: Words, *, actor: str) -> None:
    """Approves words or hides them; whoever asks for it notes who did.

    Raises EntryNotFound, JudgedAlready; VaultError or KeyMissing where they do not open."""
    values = {"words": words, "judged_by": actor, "judged_at": clock.now(), "message": None, "tribute_name": None}
    judged = update(WallEntry).where(WallEntry.id == entry_id, WallEntry.words.in_(MAY_BECOME[words]))
    if db.session.execute(judged.values(values).returning(WallEntry.id)).scalar() is None:
        if db.session.get(WallEntry, entry_id) is None:
            raise EntryNotFound(str(entry_id))
        raise JudgedAlready(str(entry_id))
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


def show(entry: WallEntry, level: str = "") -> Shown:
    """A row as everybody may read it; in a blurred case it names nobody held."""
    tribute = entry.donation.tribute if entry.donation and entry.tribute_name else Tribute.NONE
    name, message, honoured = entry.name or "", entry.message or "", entry.tribute_name or ""
    if entry.case is not None:
        name = veil.signed(entry.case, name)
        message, honoured = (veil.shown(entry.case, words) for words in (message, honoured))
    return Shown(entry.id, name, message, str(tribute), honoured, level)


def _of(cases: Collection[int] | None) -> Select[WallEntry]:
    return select(WallEntry) if cases is None else select(WallEntry).where(WallEntry.case_id.in_(cases))
