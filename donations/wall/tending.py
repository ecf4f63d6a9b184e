"""The worker's part of the wall: names go up after the payment, and down when a gift does not stand any more.

The wall itself asks again at each look whether a gift stands, so that nobody is shown while this waits."""

import logging
from typing import Any

from sqlalchemy import select, update

from core.db import db, insert
from core.worker import Tick
from donations.checkout_services import open_donor
from donations.models import Donation
from donations.offline.models import OfflineGift
from donations.offline.services import open_giver
from donations.seals import UNREADABLE
from donations.wall.models import WallEntry, Words
from donations.wall.services import write_words
from donations.wall.standing import entry_stands, gift_stands, offline_stands

log = logging.getLogger(__name__)

AT_ONCE = 100


def tend() -> bool:
    """Takes names down and puts others up; whether there was anything to do. Commits."""
    down, up = _take_down(), _put_up()
    db.session.commit()
    return down or up


def _take_down() -> bool:
    """Whose gift does not stand is named no more; only how their words were judged is remembered."""
    gone = select(WallEntry.id).where(WallEntry.name.is_not(None), ~entry_stands()).limit(AT_ONCE)
    ids = list(db.session.scalars(gone))
    if ids:  # looked up first: an idle worker takes no write lock
        nobody = {"name": None, "message": None, "tribute_name": None}
        db.session.execute(update(WallEntry).where(WallEntry.id.in_(ids)).values(nobody))
    return bool(ids)


def _put_up() -> bool:
    named = WallEntry.name.is_not(None)
    on_wall = select(WallEntry.donation_id).where(named, WallEntry.donation_id.is_not(None))
    gifts = select(Donation).where(gift_stands(), Donation.id.not_in(on_wall)).order_by(Donation.id).limit(AT_ONCE)
    there = select(WallEntry.offline_gift_id).where(named, WallEntry.offline_gift_id.is_not(None))
    others = select(OfflineGift).where(offline_stands(), OfflineGift.id.not_in(there)).limit(AT_ONCE)
    up = [_name_donor(gift) for gift in db.session.scalars(gifts).all()]
    return any([*up, *[_name_giver(gift) for gift in db.session.scalars(others).all()]])


def _name_donor(gift: Donation) -> bool:
    try:
        donor = open_donor(gift)
    except UNREADABLE:
        log.error("the donor of %s cannot be opened for the wall", gift.public_id)
        return False
    words = Words.WAITING if donor["message"] or donor.get("tribute_name") else Words.NONE
    entry = _keep("donation_id", gift.id, gift.case_id, donor["name"], words)
    write_words(entry, donor)
    return True


def _name_giver(gift: OfflineGift) -> bool:
    try:
        name = open_giver(gift)["name"]
    except UNREADABLE:
        log.error("the giver of %s cannot be opened for the wall", gift.public_id)
        return False
    if name:
        _keep("offline_gift_id", gift.id, gift.case_id, name, Words.NONE)
    return bool(name)


def _keep(column: str, gift_id: int, case_id: int | None, name: str, words: Words) -> WallEntry:
    """The row of a gift: a new one, or the one that was emptied, whose words stay as they were judged; on its fund's wall."""
    values: dict[str, Any] = {column: gift_id, "case_id": case_id, "name": name, "words": words}
    new = insert(WallEntry).values(values)
    anew = {"name": new.excluded.name, "case_id": new.excluded.case_id}
    kept = new.on_conflict_do_update(index_elements=[column], set_=anew)
    entry_id = db.session.execute(kept.returning(WallEntry.id)).scalar_one()
    return db.session.get_one(WallEntry, entry_id, populate_existing=True)


TICKS = (Tick(tend, every=20.0),)
