"""What somebody may ask of a delivery, and why it cannot be had."""

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar

import pyrage
from flask_babel import lazy_gettext as _l

from core import countries, languages
from deliveries.columns import ALWAYS, COLUMNS
from deliveries.formats import FORMATS
from deliveries.models import Delivery
from deliveries.states import PUBLISHED, Protection
from petitions.models import Petition, Recipient

SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200
KEPT: int = Delivery.__table__.c.kept_days.default.arg  # days
LONGEST_KEPT = 90
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True)
class Wishes:
    """What the form asks for. `formats`: keys of FORMATS; `columns`: of COLUMNS; `since`: an earlier delivery to go on from.

    `kept_days`: how long its pack can be fetched once it is made."""

    recipient: Recipient
    language: str
    formats: tuple[str, ...]
    columns: tuple[str, ...]
    countries: tuple[str, ...] = ()
    since: Delivery | None = None
    notable_first: bool = True
    count_only: bool = False
    purpose: str = ""
    delete_by: date | None = None
    protection: Protection = Protection.NONE
    age_recipient: str = ""
    password: str = ""
    kept_days: int = KEPT


class WrongWish(ValueError):
    """A delivery that cannot be asked for. `field`: of Wishes; `sentence`: what to change."""

    field: ClassVar[str]
    sentence: ClassVar[Any]


class PetitionErased(WrongWish):
    field, sentence = "recipient", _l("The signatures of this petition have been erased: there is no list to deliver.")


class NotItsRecipient(WrongWish):
    field, sentence = "recipient", _l("Choose a recipient of this petition.")


class UnknownLanguage(WrongWish):
    field, sentence = "language", _l("Choose a language from the list.")


class WrongFormats(WrongWish):
    field, sentence = "formats", _l("Choose at least one format from the list.")


class WrongColumns(WrongWish):
    field, sentence = "columns", _l("Choose columns from the list; number and name are always among them.")


class UnknownCountry(WrongWish):
    field, sentence = "countries", _l("Choose countries from the list.")


class NotEarlier(WrongWish):
    field, sentence = "since", _l("Choose an earlier delivery of this petition whose list is ready.")


class TooLong(WrongWish):
    field, sentence = "purpose", _l("Shorten the purpose to 500 characters.")


class NoAgeKey(WrongWish):
    field = "age_recipient"
    sentence = _l("Enter a public age key: it begins with age1. Whoever opens the pack makes it with age-keygen.")


class WeakPassword(WrongWish):
    field, sentence = "password", _l("Enter a password of 12 to 200 characters, on one line.")


class KeptTooLong(WrongWish):
    field, sentence = "kept_days", _l("Keep the pack between 1 and 90 days.")


def check(petition: Petition, wishes: Wishes) -> None:
    """Raises the first WrongWish."""
    for wrong, met in (
        (PetitionErased, petition.erased_at is None),
        (NotItsRecipient, wishes.recipient.petition_id == petition.id),
        (UnknownLanguage, wishes.language in languages.declared()),
        (WrongFormats, wishes.count_only or (wishes.formats and set(wishes.formats) <= FORMATS.keys())),
        (WrongColumns, wishes.count_only or set(ALWAYS) <= set(wishes.columns) <= COLUMNS.keys()),
        (UnknownCountry, all(countries.known(code) for code in wishes.countries)),
        (NotEarlier, wishes.since is None or _earlier(petition, wishes.since)),
        (TooLong, len(wishes.purpose) <= 500),
        (NoAgeKey, wishes.protection != Protection.AGE or is_age_key(wishes.age_recipient)),
        (KeptTooLong, 1 <= wishes.kept_days <= LONGEST_KEPT),
        (WeakPassword, wishes.protection != Protection.PASSWORD or _strong(wishes.password)),
    ):
        if not met:
            raise wrong(petition.slug)


def is_age_key(text: str) -> bool:
    try:
        pyrage.x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        return False
    return True


def _earlier(petition: Petition, since: Delivery) -> bool:
    return since.petition_id == petition.id and since.state in PUBLISHED


def _strong(password: str) -> bool:
    return SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD and not CONTROL.search(password)
