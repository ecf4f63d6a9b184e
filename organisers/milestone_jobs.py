"""A milestone becomes one mail to each organiser who sees the petition."""

from flask import current_app
from flask_babel import force_locale, format_decimal

from core import mail, relay
from core.jobs import Job
from organisers.accounts.colleagues import with_roles
from organisers.permissions import READERS
from petitions import retelling, services

LANGUAGE = "en"  # the office's


def tell(job: Job) -> None:
    """Promises the mail to everybody who may see the petition; each gets one, however often the job runs."""
    petition, signatures = services.get(job.args["petition"]), job.args["signatures"]
    server = current_app.config["UNDERSIGNED"].server_url
    with force_locale(LANGUAGE):
        number = format_decimal(signatures)
    context = {
        "number": number,
        "office": f"{server}/office/petitions/{petition.id}/counting",
    }  # fmt: skip
    for organiser in with_roles(READERS, case_id=petition.case_id):
        key = f"milestone:{petition.id}:{signatures}:{organiser.id}"
        mail.promise(
            "milestone",
            to=organiser.email,
            key=key,
            context=context,
            priority=relay.AFTERWARDS,
            teller=retelling.of(petition),
        )


JOBS = {"milestone": tell}
