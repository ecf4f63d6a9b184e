"""Erasing a donor: whatever names them goes, but what stands on a tax receipt; and the same again after an old backup."""

from sqlalchemy import Select, delete, select, update

from core import clock, journal
from core.db import db
from donations.models import Donation
from donations.own_page import wishes
from donations.own_page.models import Donor, DonorLink

ERASED = "gift-erased"  # act of the journal
UNSYNCED = {"synchronize_session": False}
NOTHING = {
    "blob": None, "show_name": False, "show_badge": False, "source": None, "form_key": None, "cancel_token": "",
    "session_url": None, "key_id": "", "data_key_id": "",
}  # fmt: skip
NOBODY = {"blob": None, "email_index": None, "key_id": "", "data_key_id": "", "postal_at": None}


def erase(donor: Donor) -> None:
    """Deletes what is stored of a donor, who is locked: amounts, days, funds and numbers stay, and name nobody."""
    emptied = update(Donation).where(Donation.donor_id == donor.id).values(NOTHING).returning(Donation.public_id)
    gone = db.session.scalars(emptied, execution_options=UNSYNCED).all()
    forget(donor)
    journal.promise(ERASED, *gone)


def replay(act: str, name: str) -> None:
    """Repeats a journalled erasing, a name that was taken down, or the end of a link, after an old backup was restored."""
    if act == ERASED:
        mine = Donation.public_id == name
        donor = db.session.scalar(select(Donor).join(Donation, Donation.donor_id == Donor.id).where(mine))
        db.session.execute(update(Donation).where(mine).values(NOTHING), execution_options=UNSYNCED)
        if donor and db.session.scalar(_named(donor)) is None:
            forget(donor)
    if act == wishes.UNLISTED:
        hidden = update(Donation).where(Donation.public_id == name).values(show_name=False, show_badge=False)
        db.session.execute(hidden, execution_options=UNSYNCED)
    if act == wishes.LINK_ENDED:
        ended = delete(DonorLink).where(DonorLink.digest == bytes.fromhex(name))
        db.session.execute(ended, execution_options=UNSYNCED)


def forget(donor: Donor) -> None:
    """Empties a donor's row and ends their links; the row keeps its number."""
    db.session.execute(delete(DonorLink).where(DonorLink.donor_id == donor.id), execution_options=UNSYNCED)
    nobody = update(Donor).where(Donor.id == donor.id).values({**NOBODY, "erased_at": clock.now()})
    db.session.execute(nobody, execution_options=UNSYNCED)
    db.session.expire(donor)


def _named(donor: Donor) -> Select[int]:
    return select(Donation.id).where(Donation.donor_id == donor.id, Donation.blob.is_not(None)).limit(1)
