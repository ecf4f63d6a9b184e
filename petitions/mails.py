"""The mails about a submission: their links, and what they say of it."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from flask_babel import force_locale

from core import clock, countries, mail, tokens, unsubscribes
from core.db import db, insert
from core.jobs import URGENT
from petitions import consent
from petitions.models import Petition, SignatureToken, Submission
from petitions.states import Purpose

CONFIRM_LIFE = timedelta(days=21)
LIVES = {
    Purpose.CONFIRM: CONFIRM_LIFE, Purpose.WITHDRAW: timedelta(days=365), Purpose.DISOWN: timedelta(days=365),
    Purpose.MANAGE: timedelta(days=30),
}  # fmt: skip
PATHS = {purpose: "" if purpose == Purpose.MANAGE else f"/{purpose.value}" for purpose in Purpose}
ALWAYS = (Purpose.MANAGE, Purpose.WITHDRAW, Purpose.DISOWN)
MAILS = ("confirm", "already_signed", "confirmed", "reminder")  # templates that a submission is written with


def promise(
    petition: Petition,
    submission: Submission,
    person: Mapping[str, Any],
    template: str,
    *purposes: Purpose,
    **context: str,
) -> None:
    """Promises one mail about a submission, with fresh links: to the purposes, and those that every mail has.

    Once for each template and submission; at most MAILS_AN_ADDRESS are for the caller to see to."""
    server = current_app.config["UNDERSIGNED"].server_url
    links = {}
    for purpose in (*purposes, *ALWAYS):
        secret = tokens.new_secret()
        values = {
            "digest": tokens.digest(secret), "purpose": purpose, "submission_id": submission.id,
            "expires_at": clock.now() + LIVES[purpose],
        }  # fmt: skip
        db.session.execute(insert(SignatureToken).values(values))
        links[purpose.value] = f"{server}/signatures/{secret}{PATHS[purpose]}"
    links["unsubscribe"] = f"{server}/unsubscribe/{unsubscribes.token_of(person['email'])}"
    submission.mails += 1
    with force_locale(petition.language):
        choice = consent.sentences(petition)[submission.visibility]
        said = (person["role"], person["affiliation"], countries.name_of(submission.country))
        about = ", ".join(filter(None, said))
    until = (clock.now() + CONFIRM_LIFE).astimezone(ZoneInfo(petition.time_zone)).date()
    mail.promise(
        template,
        to=person["email"],
        key=f"{template}:{submission.public_id}",
        context={
            **context, "name": person["name"], "about": about, "choice": choice, "title": petition.title,
            "until": clock.day(until, petition.language), "links": links,
            "page": f"{server}/petitions/{petition.slug}",
        },
        language=petition.language,
        priority=URGENT,
    )  # fmt: skip


def recall(public_ids: Iterable[str]) -> None:
    """Takes back what is still to be mailed about submissions that have been emptied."""
    mail.recall(f"{template}:{public_id}" for public_id in public_ids for template in MAILS)
