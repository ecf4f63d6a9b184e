"""What a donor asks for on the own page: promised as sealed jobs, since only the worker can open what is stored of them."""

import secrets
from collections.abc import Mapping

from sqlalchemy import delete, select, update

from core import clock, journal
from core.db import db
from core.jobs import WISH, enqueue
from donations.models import Donation, Frequency
from donations.own_page.models import Donor, DonorLink
from donations.subscriptions import changes

LINK, DATA, POSTAL = "donations.own_link", "donations.own_data", "donations.own_postal"
NEW_ADDRESS, TAKE_ADDRESS, RENEW, ERASE, FORGET_CUSTOMER = (
    "donations.new_address", "donations.take_address", "donations.renew_link", "donations.erase",
    "donations.forget_customer",
)  # fmt: skip
KINDS = (LINK, DATA, POSTAL, NEW_ADDRESS, TAKE_ADDRESS, RENEW, ERASE)
UNLISTED = "gift-unlisted"  # acts of the journal
LINK_ENDED = "donor-link-ended"


def ask_for_link(email: str) -> None:
    """Asks the worker to mail a link to this address if gifts came from it; the same one insert for every address."""
    enqueue(LINK, sealed={"email": email}, priority=WISH)


def ask_for_data(donor: Donor) -> None:
    """Asks the worker to mail everything that is stored; once an hour, however often the button is pressed."""
    enqueue(DATA, {"donor": donor.public_id}, key=f"{DATA}:{donor.public_id}:{clock.now():%Y%m%d%H}", priority=WISH)


def set_postal(donor: Donor, postal: Mapping[str, str] | None, *, name: str = "") -> None:
    """Asks the worker to seal a postal address and the name that goes with it, or (None) to delete the address."""
    sealed = {"postal": dict(postal) if postal else None, "name": name}
    key = f"{POSTAL}:{donor.public_id}:{secrets.token_hex(6)}"
    enqueue(POSTAL, {"donor": donor.public_id}, key=key, sealed=sealed, priority=WISH)


def move(donor: Donor, email: str) -> None:
    """Asks the worker to mail a proof to a new address; until it was pressed there nothing changes."""
    key = f"{NEW_ADDRESS}:{donor.public_id}:{secrets.token_hex(6)}"
    enqueue(NEW_ADDRESS, {"donor": donor.public_id}, key=key, sealed={"email": email}, priority=WISH)


def take_address(donor: Donor, mark: str) -> None:
    """Asks the worker to write from now on to the address that the link of this mark was mailed to."""
    enqueue(
        TAKE_ADDRESS,
        {"donor": donor.public_id, "mark": mark},
        key=f"{TAKE_ADDRESS}:{donor.public_id}:{mark[:16]}",
        priority=WISH,
    )


def revoke(donor: Donor) -> None:
    """Ends every link of the donor and promises a mail with a new one; of two presses only one finds links to end."""
    ending = delete(DonorLink).where(DonorLink.donor_id == donor.id).returning(DonorLink.digest)
    ended = db.session.scalars(ending, execution_options={"synchronize_session": False}).all()
    if ended:
        journal.promise(LINK_ENDED, *(digest.hex() for digest in ended), priority=WISH)
        enqueue(
            RENEW, {"donor": donor.public_id}, key=f"{RENEW}:{donor.public_id}:{secrets.token_hex(6)}", priority=WISH
        )


def unlist(donor: Donor) -> None:
    """Takes the donor's name off every wall at once; what was written beside it goes with it."""
    hiding = update(Donation).where(Donation.donor_id == donor.id, Donation.show_name.is_(True))
    hidden = db.session.scalars(hiding.values(show_name=False, show_badge=False).returning(Donation.public_id)).all()
    if hidden:
        journal.promise(UNLISTED, *hidden, priority=WISH)


def erase(donor: Donor) -> None:
    """Stops every regular gift, takes the name off the walls, ends all links, and asks the worker to delete the rest."""
    stop_all(donor)
    unlist(donor)
    db.session.execute(delete(DonorLink).where(DonorLink.donor_id == donor.id))
    enqueue(ERASE, {"donor": donor.public_id}, key=f"{ERASE}:{donor.public_id}", priority=WISH)


def stop_all(donor: Donor) -> None:
    """Stops every regular gift whose end was not asked for."""
    regular = select(Donation).where(Donation.donor_id == donor.id, Donation.frequency != Frequency.ONCE)
    for gift in db.session.scalars(regular.where(Donation.subscription_id.is_not(None)).order_by(Donation.id)).all():
        if changes.Change.STOP not in changes.under_way(gift):
            changes.stop(gift)


def forget_customer(customer: str) -> None:
    """Has Stripe forget a customer, once."""
    enqueue(FORGET_CUSTOMER, {"customer": customer}, key=f"{FORGET_CUSTOMER}:{customer}")
