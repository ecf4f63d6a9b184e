"""The mails about a submission: their links, and what they say of it.

Whatever a mail holds lives from its sending on: `confirmation_services.sent` starts the clocks, however long it waited."""

import hmac
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from flask import current_app
from flask_babel import force_locale
from sqlalchemy import false, or_, select, update

from core import clock, countries, mail, relay, tokens, unsubscribes
from core.db import db, insert
from core.jobs import Job
from core.vault import vault
from petitions import consent, retelling
from petitions.models import Petition, SignatureToken, Submission
from petitions.states import Purpose

CONFIRM_LIFE = timedelta(days=21)
LIVES = {
    Purpose.CONFIRM: CONFIRM_LIFE, Purpose.WITHDRAW: timedelta(days=365), Purpose.DISOWN: timedelta(days=365),
    Purpose.MANAGE: timedelta(days=30),
}  # fmt: skip
UNSENT_LIFE = timedelta(days=365)  # of links in a mail that waits
PATHS = {purpose: "" if purpose == Purpose.MANAGE else f"/{purpose.value}" for purpose in Purpose}
ALWAYS = (Purpose.MANAGE, Purpose.WITHDRAW, Purpose.DISOWN)
PLACES = {
    "confirm": relay.CONFIRMATION,
    "reminder": relay.REMINDER,
    "imported": relay.UPDATE,
}  # in the queue; the others come in between
MOST_MAILS = 20  # of one submission, far over what it may ever come to
RECALLED_AT_ONCE = 500
OWN = ("own_link", "own_data")  # mails that an own page asks for
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 8


def promise(
    petition: Petition,
    submission: Submission,
    person: Mapping[str, Any],
    template: str,
    *purposes: Purpose,
    **context: str,
) -> None:
    """Promises one mail about a submission, with fresh links: to the purposes, and those that every mail has.

    A mail with a confirm link has the submission's code too. That no address gets more than its share is for the caller
    to see to."""
    server = current_app.config["UNDERSIGNED"].server_url
    links, digests = fresh_links(submission, (*purposes, *ALWAYS), server)
    links["unsubscribe"] = f"{server}/unsubscribe/{unsubscribes.token_of(person['email'])}"
    if Purpose.CONFIRM in purposes:
        context["code"] = code_of(submission.public_id)
        submission.code_digest, submission.code_tries = code_digest(submission.public_id, context["code"]), 0
    if submission.mailed_at is None or Purpose.CONFIRM in purposes:
        submission.expires_at = None  # nothing expires while a mail that may still confirm it waits
    with force_locale(petition.language):
        choice = consent.sentences(petition)[submission.visibility]
        said = (person["role"], person["affiliation"], countries.name_of(submission.country))
        about = ", ".join(filter(None, said))
    mail.promise(
        template,
        to=person["email"],
        key=f"{submission.public_id}:{_count(submission)}",
        context={
            **context, "name": person["name"], "about": about, "choice": choice, "links": links,
        },
        teller=retelling.of(petition),
        language=petition.language,
        priority=PLACES.get(template, relay.AFTERWARDS),
        lasts=(CONFIRM_LIFE, petition.time_zone),
        then=("petitions.mail_sent", {"submission": submission.id, "links": digests}),
        otherwise=("petitions.mail_unsent", {"submission": submission.id}),
    )  # fmt: skip


def recall(public_ids: Iterable[str]) -> None:
    """Takes back what is still to be mailed about submissions."""
    ids = list(public_ids)
    for start in range(0, len(ids), RECALLED_AT_ONCE):
        some = ids[start : start + RECALLED_AT_ONCE]
        mail.recall(f"{public_id}:{number}" for public_id in some for number in range(1, MOST_MAILS + 1))


def recall_own(public_ids: Iterable[str]) -> None:
    """Takes back at once what was asked for by somebody's own page: it may hold all that is stored.

    These mails wait at the head of the queue, so only that is looked through; the hourly tick finds whatever else there is."""
    theirs = (Job.key.startswith(f"mail:{template}:{one}:") for one in public_ids for template in OWN)
    waiting = (Job.kind == "mail", Job.state.in_(("queued", "dead")), Job.priority <= relay.ESSENTIAL)
    found = select(Job.key).where(*waiting, or_(false(), *theirs))  # an `or_` of nothing would mean everybody's
    keys = db.session.scalars(found).all()
    mail.recall(str(key).removeprefix("mail:") for key in keys)


def code_of(public_id: str) -> str:
    """The code in each mail about a submission, under a key that the public server lacks: a later mail makes no earlier
    one's code useless."""
    mark = int.from_bytes(hmac.digest(vault().keystore.key_for("code"), public_id.encode(), "sha256"), "big")
    letters = []
    for _number in range(CODE_LENGTH):
        mark, letter = divmod(mark, len(CODE_ALPHABET))
        letters.append(CODE_ALPHABET[letter])
    return f"{''.join(letters[:4])}-{''.join(letters[4:])}"


def code_digest(public_id: str, code: str) -> bytes:
    """What is stored of a code as somebody typed it: keyed, so that a stolen table cannot be searched for it."""
    typed = "".join(character for character in code.upper() if character.isalnum())
    return tokens.keyed_hash("code", public_id + typed)


def fresh_links(
    submission: Submission, purposes: Iterable[Purpose], server: str
) -> tuple[dict[str, str], dict[str, str]]:
    """The links by purpose, and the digests by which `sent` finds them again."""
    links, digests = {}, {}
    for purpose in purposes:
        secret = tokens.new_secret()
        digest = tokens.digest(secret)
        values = {
            "digest": digest, "purpose": purpose, "submission_id": submission.id,
            "expires_at": clock.now() + UNSENT_LIFE,
        }  # fmt: skip
        db.session.execute(insert(SignatureToken).values(values))
        links[purpose.value] = f"{server}/signatures/{secret}{PATHS[purpose]}"
        digests[purpose.value] = digest.hex()
    return links, digests


def _count(submission: Submission) -> int:
    """The number of this mail among those of the submission; of two that are promised at once each gets its own."""
    counted = update(Submission).where(Submission.id == submission.id).values(mails=Submission.mails + 1)
    number: int = db.session.execute(counted.returning(Submission.mails)).scalar_one()
    return number
