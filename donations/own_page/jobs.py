"""What the worker does for own pages, with what the public server cannot open: links by mail, addresses, the file, erasing."""

from contextlib import suppress

from sqlalchemy import select, update

from core import clock, unsubscribes
from core.db import db
from core.jobs import Handler, Job
from core.vault import SITE, vault
from donations import stripe_gateway
from donations.models import Donation
from donations.own_page import donors, leaving, links, mails, wishes
from donations.own_page.models import Donor, LinkPurpose
from donations.subscriptions.models import Subscription
from donations.tax import services as tax
from donations.tax.models import TaxReceipt


def mail_link(job: Job) -> None:
    """Mails a link to an address that gifts came from; nothing to any other, nor to who wants no mail."""
    asked = job.sealed()
    while donors.gather():
        db.session.flush()
    donor = donors.find(asked["email"])
    if donor is None or (donor := donors.lock(donor.id)) is None:
        return
    person = donors.open_person(donor)
    if not unsubscribes.is_stopped(unsubscribes.token_of(person["email"])):
        mails.promise_link(donor, person)


def renew_link(job: Job) -> None:
    """Mails the link in whose favour its owner made the older ones useless."""
    if donor := _donor(job):
        mails.promise_renewed(donor, donors.open_person(donor), job)


def mail_data(job: Job) -> None:
    """Mails everything that is stored."""
    if donor := _donor(job):
        mails.promise_data(donor, donors.open_person(donor), job)


def set_postal(job: Job) -> None:
    """Seals a postal address and its name, or deletes the address; of several wishes the newest stands."""
    donor, asked = _donor(job), job.sealed()
    if donor is None or _newer(job, wishes.POSTAL, donor):
        return
    person = {name: value for name, value in donors.open_person(donor).items() if name != "postal"}
    if asked["postal"]:
        person |= {"postal": asked["postal"], "name": asked["name"]}
    donors.seal_person(donor, person)
    donor.postal_at = clock.now() if asked["postal"] else None
    if asked["postal"]:
        tax.promise_for(donor)


def ask_new_address(job: Job) -> None:
    """Mails the proof to a new address, and keeps it sealed until it is pressed; one that is theirs already is left alone."""
    donor, email = _donor(job), str(job.sealed()["email"])
    if donor is None or _newer(job, wishes.NEW_ADDRESS, donor) or donors.index_of(email) == donor.email_index:
        return
    if unsubscribes.is_stopped(unsubscribes.token_of(email)):
        return
    if mark := mails.promise_proof(donor, email):  # only the last one that was asked for can be proved
        donors.seal_person(donor, {**donors.open_person(donor), "new_email": email, "proof": mark})


def take_address(job: Job) -> None:
    """Writes to the new address from now on. Where it is another donor's, the two become one: both mailboxes are theirs."""
    donor = _donor(job)
    person = donors.open_person(donor) if donor else {}
    if donor is None or person.get("proof") != job.args["mark"]:
        return
    old, person["email"] = person["email"], person.pop("new_email")
    del person["proof"]
    links.end(donor, LinkPurpose.PAGE)
    if other := _other(donor, person["email"]):
        _unite(other, donor)
    donor.email_index = donors.index_of(person["email"])
    donors.seal_person(donor, person)
    mails.promise_moved(donor, person, old, job)


def erase(job: Job) -> None:
    """Deletes what is stored of a donor, and writes to them a last time."""
    while donors.gather():  # a gift of a moment ago goes too
        db.session.flush()
    if donor := _donor(job):
        receipts = select(TaxReceipt.id).where(TaxReceipt.donor_id == donor.id).limit(1)
        mails.promise_erased(donor, donors.open_person(donor), receipts=db.session.scalar(receipts) is not None)
        for customer in _customers(donor):
            wishes.forget_customer(customer)
        wishes.stop_all(donor)  # those too that came meanwhile
        leaving.erase(donor)


def forget_customer(job: Job) -> None:
    """Has Stripe delete the cards and the address that it kept for regular gifts. Raises StripeAway, to be tried again."""
    customer = job.args["customer"]
    with suppress(stripe_gateway.StripeHasNone):  # it knows nobody of that name any more
        stripe_gateway.ask(lambda v1: v1.customers.delete(customer), patiently=True)


def _customers(donor: Donor) -> set[str]:
    """What Stripe calls the donor: a name for each regular gift."""
    theirs = select(Subscription.customer_id).join(Donation, Donation.subscription_id == Subscription.id)
    return set(db.session.scalars(theirs.where(Donation.donor_id == donor.id, Subscription.customer_id != "")))


def _donor(job: Job) -> Donor | None:
    """Whose wish it is, locked; None once they were erased."""
    vault().prepare(SITE)
    found = db.session.scalar(select(Donor.id).where(Donor.public_id == job.args["donor"]))
    return donors.lock(found) if found is not None else None


def _newer(job: Job, kind: str, donor: Donor) -> bool:
    later = (Job.key.startswith(f"{kind}:{donor.public_id}:", autoescape=True), Job.id > job.id)
    return db.session.scalar(select(Job.id).where(*later).limit(1)) is not None


def _other(donor: Donor, email: str) -> Donor | None:
    other = donors.find(email)
    return donors.lock(other.id) if other and other.id != donor.id else None


def _unite(gone: Donor, into: Donor) -> None:
    """Gifts and tax receipts of one donor become another's; the emptied row stays for its number."""
    for table in (Donation, TaxReceipt):
        db.session.execute(update(table).where(table.donor_id == gone.id).values(donor_id=into.id))
    leaving.forget(gone)


JOBS: dict[str, Handler] = {
    wishes.LINK: mail_link, wishes.RENEW: renew_link, wishes.DATA: mail_data, wishes.POSTAL: set_postal,
    wishes.NEW_ADDRESS: ask_new_address, wishes.TAKE_ADDRESS: take_address, wishes.ERASE: erase,
    wishes.FORGET_CUSTOMER: forget_customer,
}  # fmt: skip
