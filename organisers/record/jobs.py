"""What organisers are mailed about a delivery: what its clerk did, and that an answer is due."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import force_locale
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from core import clock, mail
from core.db import db
from core.jobs import Job, enqueue
from core.vault import SITE, vault
from core.worker import Tick
from deliveries.models import Delivery
from deliveries.news import FOR_ASKER, NEWS
from deliveries.states import PUBLISHED
from organisers.accounts.colleagues import with_roles
from organisers.milestone_jobs import LANGUAGE
from organisers.permissions import WRITERS
from petitions import retelling

AGAIN = timedelta(days=7)
WORDS = {
    "received": _l("The clerk who keeps the file has noted that the letter and the list came."),
    "replied": _l("The recipient has sent a paper back. Open it in the office; nothing of it is public yet."),
    "unsent": _l(
        "The mail with the clerk’s link could not be sent: the address refuses it or wants no mail. The link is dead. "
        "Look at the address and send another one."
    ),
    "gone": _l(
        "The clerk’s link was not sent: the pack has expired meanwhile. Make a new delivery, and send the link then."
    ),
    "ready": _l("The delivery that you asked for is ready. Fetch it in the office while it is kept."),
    "failed": _l("The delivery that you asked for could not be made. Its page in the office says why, and what to do."),
    "refused": _l("The delivery that you asked for was refused. Its page in the office says why."),
    "due": _l("The recipient’s answer is due, and none is noted. Ask for it, or note it where it has come."),
}


def tell(job: Job) -> None:
    """One mail to each organiser who may write about the case, or to the one who asked; each gets one, however often the job
    runs."""
    delivery = db.session.get_one(Delivery, job.args["delivery"])
    petition, server = delivery.petition, current_app.config["UNDERSIGNED"].server_url
    what, page = job.args["what"], f"{server}/office/petitions/{petition.id}/deliveries/{delivery.id}"
    with force_locale(LANGUAGE):
        words = str(WORDS[what])
    office = page if what in FOR_ASKER else f"{page}/record"
    context = {"words": words, "office": office, "delivery": delivery.public_id}
    for organiser in with_roles(WRITERS, case_id=petition.case_id):
        if what in FOR_ASKER and organiser.id != delivery.created_by:
            continue
        key = f"delivery-news:{job.public_id}:{organiser.id}"
        mail.promise("delivery_news", to=organiser.email, key=key, context=context, teller=retelling.of(petition))


def remind() -> bool:
    """The worker's tick: on the day when an answer is due, and once more a week later. Commits."""
    vault().prepare(SITE)
    latest = clock.now().date() + timedelta(days=1)  # it is that in the east already
    due = (Delivery.answer_due <= latest, Delivery.replied_on.is_(None), Delivery.state.in_(PUBLISHED))
    once = or_(Delivery.reminded_on.is_(None), Delivery.reminded_on <= latest)
    reminded = [
        _remind(delivery) for delivery in db.session.scalars(select(Delivery).where(*due, once).order_by(Delivery.id))
    ]
    db.session.commit()
    return any(reminded)


def _remind(delivery: Delivery) -> bool:
    petition = delivery.petition
    today = clock.now().astimezone(ZoneInfo(petition.time_zone)).date()
    if petition.answered_on is not None or not _wants(delivery.answer_due, delivery.reminded_on, today):
        return False
    enqueue(NEWS, {"delivery": delivery.id, "what": "due"}, key=f"delivery-due:{delivery.public_id}:{today}")
    delivery.reminded_on = today
    return True


def _wants(due: date | None, reminded: date | None, today: date) -> bool:
    if due is None or today < due:
        return False
    return reminded is None or (reminded < due + AGAIN <= today)


JOBS = {NEWS: tell}
TICKS = (Tick(remind, every=600.0),)
