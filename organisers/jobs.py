"""Jobs of the office: an alarm becomes one mail to each of those who can do something about it; files are taken in."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from core import mail, relay
from core.db import db
from core.jobs import Job
from core.worker import Tick
from organisers.accounts import kept_forms
from organisers.accounts.colleagues import with_roles
from organisers.deliveries import services as deliveries
from organisers.imports import working as import_working
from organisers.models import Organiser
from organisers.permissions import JUDGES, MONEY, OWNERS, WRITERS
from organisers.record import jobs as record_jobs
from organisers.site import checking
from petitions.imports import services as imports
from petitions.models import Petition

ADVICE = {
    "stripe-livemode": _l(
        "Stripe sent an event of the other mode: a test event to the live site, or the reverse. It was not counted. "
        "Compare the webhook's address and secret in Stripe with the settings of this site."
    ),
    "payment-quarantined": _l(
        "Stripe reported a payment whose amount or currency is not the one that the donor chose here. It was set aside "
        "and not counted. Look the payment up in Stripe before you thank or refund anybody."
    ),
    "payment-unmatched": _l(
        "Stripe reported a payment that belongs to no donation of this site. It was set aside and not counted. See in "
        "Stripe whether another site uses the same account."
    ),
    "gift-for-closed-case": _l(
        "A gift arrived for a case that takes none any more: the donor was paying while the case ended. It was "
        "counted. Decide with the donor whether it stays, or goes to another fund."
    ),
    "card-testing": _l(
        "Many cards are declined on the donate page, as when somebody tries out stolen ones. Giving now asks for a proof of "
        "work. Look into Stripe's Radar; open the signals in the office when you have seen to it, or switch giving off."
    ),
    "fraud-warning": _l(
        "A bank reported a payment to Stripe as fraud. Look the payment up in Stripe: giving the money back "
        "before the cardholder complains saves the fee of a dispute. Then settle the warning in the office, under signals."
    ),
    "fraud-refund": _l(
        "A payment that a bank warns of is to be given back, as your switch says. Refund it in Stripe, then settle the "
        "warning in the office, under signals."
    ),
    "dispute": _l(
        "A donor's bank contests a payment: it asks for the money back. Open the contested payments in the office; a link "
        "there leads to the payment in Stripe's dashboard. Answer there before the deadline below: without an answer the "
        "money is lost. Do not refund the payment here meanwhile, else the money goes back twice."
    ),
    "tally-drift": _l(
        "The number shown for a petition differed from the signatures themselves. It has been corrected. If this comes "
        "again, tell the person who runs the site."
    ),
    "invitation-waits": _l(
        "Somebody waits for an organiser's yes: a colleague was proposed for a closed letter, a notable signatory or an "
        "organisation has confirmed, or a role is to be corrected. Open the petition's invitations in the office."
    ),
    "delivery-waits": _l(
        "A delivery waits for your yes: another organiser has asked for it, and nothing is made before a second person has "
        "looked. Open the page below, see for whom it is and what it would hold, then approve or refuse it."
    ),
    "sample-waits": _l(
        "Somebody who says that they were given a list asks for a sample: some who stand on it would be asked by mail whether "
        "they signed. Open the delivery's samples in the office, ask the official by another way whether it was they, and "
        "approve or refuse. Until then nobody is written to."
    ),
    "moderation-waits": _l(
        "Comments, words of donors or reports have waited for more than a day for somebody to read them. Open the moderation "
        "room in the office; how many wait stands below. As long as something waits so long, one such mail comes a day."
    ),
    "mail-refused": _l(
        "More than one in ten of the last day's mails were refused for good by the recipients' side, so the site has "
        "stopped writing to signatories; nothing is lost, the mails wait. Look at the signals and the held signatures for "
        "addresses that somebody made up, then turn mailing on again in the office. If your mail provider was to blame, "
        "press “Mail again” on the first page of the office: whoever was refused is then written to once more."
    ),
    "signal": _l(
        "Signatures are coming in that look made: many of one country, one mail domain, one name, one family of addresses "
        "or one network, far above what this petition is used to. What matches is set aside from now on and waits for you, "
        "of what is strange by its number alone only what goes beyond 300. Open the signals in the office: look at a sample, "
        "then say that it is no wave, or take its signatures out of the count. Everything can be undone."
    ),
    "retention-stopped": _l(
        "The daily deletion could not be done for a petition, because its key is not in the keystore. Nothing of it was "
        "deleted. Ask the person who runs the site to bring the keystore back and to run 'flask doctor'."
    ),
    "books-differ": _l(
        "Stripe's account of the gifts and that of this site differ. Each difference stands below as a sentence, with the id "
        "by which Stripe finds it. Nothing was changed. docs/operations.md says what each sentence means and what to do."
    ),
    "update-stopped": _l(
        "An update could not go on: its text, or the row of somebody whom it goes to, could not be read. It is paused, or a "
        "draft again where it had not begun; everything else goes on, and nobody will get it twice. Ask the person who runs "
        "the site to look into its log and to run 'flask doctor'; then open the update and let it go on."
    ),
    "document-failed": _l(
        "A PDF that belongs to a mail, a receipt or a summary for example, could not be made several times. Receipts go out "
        "without it, and say so; a mail that would be nothing without its PDF waits and is tried again for about a week. Ask "
        "the person who runs the site to look into its log now, and to run 'flask doctor'."
    ),
    "audit-broken": _l(
        "The audit chain does not hold: an entry was changed or removed in the database. Trust no entry from the one below "
        "on, compare with a backup, and tell the person who runs the site."
    ),
    "petition-not-opened": _l(
        "A petition that was to open by itself could not: below it says why. It is a draft again. Open it in the office, mend "
        "what is missing, and publish it."
    ),
    "case-review": _l(
        "The day has come on which the risk of a public case is to be looked at again. Ask the person, the family or the "
        "lawyer whether it may stay public. Then set the next day on the page below, or freeze or blur the case. Nothing is "
        "taken down by itself."
    ),
    "job-dead": _l(
        "Something that the site had promised, a mail for example, failed many times and was given up. Ask the person "
        "who runs the site to look into its log and run 'flask doctor'."
    ),
}
OF_MONEY = frozenset({
    "stripe-livemode", "payment-quarantined", "payment-unmatched", "gift-for-closed-case", "card-testing", "fraud-warning",
    "fraud-refund", "dispute", "books-differ",
})  # fmt: skip
OF_A_PETITION = {"signal": JUDGES, "invitation-waits": JUDGES, "sample-waits": WRITERS}  # and who hears of it
OTHERWISE = _l("Something needs the eyes of a person. Ask whoever runs the site to look into its log.")


def alarm(job: Job) -> None:
    """Promises the alarm's mail to everybody whom it is for; each gets one, however often the job runs."""
    kind, detail = job.args["kind"], job.args["detail"]
    context = {
        "kind": kind,
        "advice": str(ADVICE.get(kind, OTHERWISE)),
        "detail": [f"{name}: {value}" for name, value in sorted(detail.items())],
        "office": f"{current_app.config['UNDERSIGNED'].server_url}/office/",
    }
    for organiser in _told(kind, detail):
        key = f"alarm:{job.public_id}:{organiser.id}"
        mail.promise(
            "alarm", to=organiser.email, key=key, context=context, priority=relay.TO_ORGANISERS, essential=True
        )


def _told(kind: str, detail: Mapping[str, Any]) -> Sequence[Organiser]:
    """Owners hear of everything, treasurers of money, who judges signatures of what happens to their petitions, and of a
    delivery that waits those who may approve it."""
    if kind == deliveries.WAITS:
        return deliveries.told(str(detail.get("delivery")))
    if kind in OF_MONEY:
        return with_roles(MONEY)
    case_id = db.session.scalar(select(Petition.case_id).where(Petition.slug == str(detail.get("petition"))))
    return with_roles(OF_A_PETITION[kind], case_id=case_id) if kind in OF_A_PETITION else with_roles(OWNERS)


JOBS = {"alarm": alarm, imports.WORK: import_working.work, checking.KIND: checking.run, **record_jobs.JOBS}
TICKS = (Tick(imports.drop_left, every=3600.0), Tick(kept_forms.drop_old, every=600.0), *record_jobs.TICKS)
