"""What the office shows of an update before it goes: in which languages, to about how many, what its subject gives away."""

import re
from collections.abc import Iterator

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select

from core import audit, clock, mail, relay, unsubscribes
from core.bulk import Watch
from core.db import db
from donations import news
from organisers.petitions.forms import language_choices
from organisers.updates import donors
from petitions.models import ConsentText, Petition
from petitions.updates import audience, words
from petitions.updates.models import Audience, Update
from petitions.updates.sending import PHASES

TEST = "organisers.update_test"
SHORTEST_NAME = 4  # letters of a word that gives a name away
TWO_DIGITS = 100


def languages(found: Update) -> list[str]:
    """The original's, and those that somebody may have signed in, or may yet."""
    own = ConsentText.petition_id == found.petition_id
    signed = db.session.scalars(select(ConsentText.language).where(own).distinct())
    known = {*signed, *found.texts, found.petition.language, *(code for code, _name in language_choices())}
    return [found.language, *sorted(known - {found.language})]


def about(found: Update) -> int:
    """About how many get it; only the worker, which opens every row, will know."""
    parts = PHASES[found.audience]
    signatories = audience.estimate(found) if "signatories" in parts else 0
    return _rounded(signatories + (news.estimate(found.petition.case_id) if "donors" in parts else 0))


def given_away(found: Update, subject: str) -> list[str]:
    """What a subject tells whoever looks over the reader's shoulder: words of the case, the petition, the people held."""
    words = set(_words(subject))
    return sorted({word for name in _names(found.petition) for word in _words(name)} & words)


def promise_test(found: Update, language: str, *, to: str) -> None:
    """Mails it to an organiser as a reader would get it, at once; two presses within a minute are one.

    The caller has prepared the vault for SITE."""
    server, text = current_app.config["UNDERSIGNED"].server_url, words.text_of(found, language)
    links = {
        "list": f"{server}/unsubscribe/updates/{unsubscribes.token_of(to, audience.list_name(found.petition))}",
        "unsubscribe": f"{server}/unsubscribe/{unsubscribes.token_of(to)}",
    }
    why = {"donor": found.audience == Audience.DONORS, "asked": found.kind not in audience.TOLD_ALL}
    told = {"language": language, **why, "links": links}
    mail.promise(
        "update", to=to, key=f"update-test:{found.public_id}:{language}:{to}:{clock.now():%Y%m%d%H%M}",
        context={**text, **told, "subject": _("Test: %(subject)s", subject=text["subject"])}, language=language,
        priority=relay.TO_ORGANISERS, bulk=(TEST, {}),
    )  # fmt: skip
    audit.record("update.tried", found.petition.slug, actor=to, update=found.id, language=language)


CHECKS = {
    TEST: Watch(lambda email, told: ""),  # an organiser who presses the button wants it
    donors.CHECK: Watch(donors.still_wanted, donors.start_clocks),
}


def _names(petition: Petition) -> Iterator[str]:
    yield from (petition.title, petition.case.title, petition.case.place)
    yield from (person.name for person in petition.case.people)


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"\w+", text.casefold()) if len(word) >= SHORTEST_NAME]


def _rounded(number: int) -> int:
    """To two digits: more would promise what an estimate cannot hold."""
    digits = max(0, len(str(number)) - 2)
    return round(number, -digits) if number >= TWO_DIGITS else number
