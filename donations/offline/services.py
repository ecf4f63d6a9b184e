"""Gifts outside Stripe: entered once for each line of a statement, taken back, counted apart, handed to the books."""

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select, update
from sqlalchemy.orm import joinedload

from cases.models import Case
from core import audit, clock
from core.db import RowNotFound, db, insert
from core.money import Money
from core.vault import SITE, Sealed, vault
from donations.offline.models import Means, OfflineGift

SEALED_CONTEXT = "undersigned/offline-gift/v1"
STANDING = OfflineGift.taken_back_at.is_(None)


class OfflineGiftNotFound(RowNotFound):
    """Nobody has entered a gift of this number."""


class EnteredAlready(ValueError):
    """A gift that came in the same way has this reference already."""


class TakenBackAlready(ValueError):
    """The gift was taken back before."""


@dataclass(frozen=True)
class Entry:
    """A line for the books: a gift on the day that it came, or its reversal on the day that it was taken back."""

    gift: OfflineGift
    on: date
    reversal: bool

    @property
    def minor(self) -> int:
        """Minor units of the gift's currency; negative for a reversal."""
        return -self.gift.amount if self.reversal else self.gift.amount


def enter(
    case: Case | None,
    *,
    means: Means,
    reference: str,
    money: Money,
    given_on: date,
    name: str,
    note: str,
    show_name: bool,
    actor: str,
) -> OfflineGift:
    """Enters a gift, noted in the audit chain. Raises EnteredAlready. The caller has prepared the vault for SITE."""
    public_id = secrets.token_urlsafe(16)
    box = vault().seal(SITE, SEALED_CONTEXT, public_id, {"name": name, "note": note})
    values = {
        "public_id": public_id, "case_id": case.id if case else None, "means": means, "reference": reference,
        "amount": money.minor, "currency": money.currency, "given_on": given_on, "show_name": show_name,
        "key_id": box.key_id, "data_key_id": box.data_key_id, "blob": box.blob, "entered_by": actor, "entered_at": clock.now(),
    }  # fmt: skip
    new = insert(OfflineGift).values(values).on_conflict_do_nothing().returning(OfflineGift.id)
    gift_id = db.session.execute(new).scalar()
    if gift_id is None:
        raise EnteredAlready(reference)
    told = {"amount": money.minor, "currency": money.currency, "means": str(means)}
    audit.record("offline_gift.entered", public_id, actor=actor, **told)
    return db.session.get_one(OfflineGift, gift_id)


def take_back(gift: OfflineGift, *, reason: str, actor: str) -> None:
    """Reverses a gift; its line stays in the books beside the reversal. Raises TakenBackAlready."""
    values = {"taken_back_at": clock.now(), "taken_back_by": actor, "taken_back_reason": reason}
    reversed_ = update(OfflineGift).where(OfflineGift.id == gift.id, STANDING).values(values)
    if db.session.execute(reversed_.returning(OfflineGift.id)).scalar() is None:
        raise TakenBackAlready(gift.public_id)
    audit.record("offline_gift.taken_back", gift.public_id, actor=actor, reason=reason)


def get(public_id: str) -> OfflineGift:
    """The gift of our number. Raises OfflineGiftNotFound."""
    gift = db.session.scalar(select(OfflineGift).where(OfflineGift.public_id == public_id))
    if gift is None:
        raise OfflineGiftNotFound(public_id)
    return gift


def latest(*, limit: int, before: int | None = None) -> list[OfflineGift]:
    """Gifts as they were entered, the last one first, those that were taken back too."""
    query = select(OfflineGift).options(joinedload(OfflineGift.case)).order_by(OfflineGift.id.desc()).limit(limit)
    return list(db.session.scalars(query if before is None else query.where(OfflineGift.id < before)))


def sums(case_id: int | None) -> Sequence[Money]:
    """What stands of a case (None: of the general fund), one amount a currency."""
    mine = OfflineGift.case_id.is_not_distinct_from(case_id)
    query = select(OfflineGift.currency, func.sum(OfflineGift.amount)).where(STANDING, mine)
    rows = db.session.execute(query.group_by(OfflineGift.currency).order_by(OfflineGift.currency))
    return tuple(Money(int(minor), currency) for currency, minor in rows)


def entries(since: date, until: date) -> Iterator[Entry]:
    """The lines of the days from `since` to before `until`, in the order of their days; reversals of older gifts too."""
    found = [
        entry
        for gift in db.session.scalars(select(OfflineGift).options(joinedload(OfflineGift.case)))
        for entry in _lines(gift)
        if since <= entry.on < until
    ]
    yield from sorted(found, key=lambda entry: (entry.on, entry.gift.id, entry.reversal))


def open_giver(gift: OfflineGift) -> dict[str, str]:
    """The donor's name (blank where none is known) and the treasurer's note; office and worker only."""
    if gift.blob is None:
        return {"name": "", "note": ""}
    sealed = Sealed(gift.key_id, gift.data_key_id, gift.blob)
    return vault().open(sealed, scope=SITE, context=SEALED_CONTEXT, public_id=gift.public_id)


def _lines(gift: OfflineGift) -> Iterator[Entry]:
    yield Entry(gift, gift.given_on, reversal=False)
    if gift.taken_back_at is not None:
        yield Entry(gift, gift.taken_back_at.date(), reversal=True)
