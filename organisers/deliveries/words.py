"""What the office says of deliveries: states, stages of making, ways to close a pack."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core import clock, countries, languages
from deliveries.columns import COLUMNS
from deliveries.formats import FORMATS
from deliveries.models import Delivery, DeliveryFile
from deliveries.packs import failures, progress
from deliveries.states import DeliveryState, Protection

STATES: Mapping[DeliveryState, Any] = {
    DeliveryState.WAITING: _l("Waits for a second person’s yes"),
    DeliveryState.QUEUED: _l("Will be made in a moment"),
    DeliveryState.MAKING: _l("Is being made"),
    DeliveryState.READY: _l("Ready to be fetched"),
    DeliveryState.EXPIRED: _l("Expired: the files are deleted here"),
    DeliveryState.CANCELLED: _l("Cancelled"),
    DeliveryState.REFUSED: _l("Refused"),
    DeliveryState.FAILED: _l("Could not be made"),
}
PROTECTIONS: Mapping[Protection, Any] = {
    Protection.NONE: _l("Not closed: whoever has the file can read it"),
    Protection.PASSWORD: _l("With a password that you tell the recipient by another path"),
    Protection.AGE: _l("To the recipient’s own age key, for experts"),
}


def purpose() -> str:
    """What most lists are handed over for, to be changed in the form."""
    return _("To see who stands behind the letter. Not to be passed on, published or used to contact anybody.")


def called(name: str, organisation: str) -> str:
    """A recipient in one line."""
    return ", ".join(filter(None, (name, organisation)))


def recipient_of(found: Delivery) -> str:
    """For whom a delivery was made, as it was then."""
    return called(found.recipient.get("name", ""), found.recipient.get("organisation", ""))


def since_choices(earlier: Iterable[Delivery]) -> list[tuple[str, str]]:
    return [(str(one.id), since(one)) for one in earlier]


def since(found: Delivery) -> str:
    """Who is on a list that goes on from this one."""
    day = clock.day((found.made_at or found.created_at).date())
    if found.countries:
        return _(
            "Only who signed after the delivery of %(day)s to %(name)s (of some countries)",
            day=day,
            name=recipient_of(found),
        )
    return _("Only who signed after the delivery of %(day)s to %(name)s", day=day, name=recipient_of(found))


def stage_of(found: Delivery) -> str:
    """What is being done at this moment, where that is known."""
    return str(progress.STAGES.get(found.stage, ""))


def failure_of(found: Delivery) -> str:
    """Why it could not be made, and what to do."""
    return failures.sentence_of(found)


def language_of(found: Delivery) -> str:
    return languages.name_of(found.language)


def formats_of(found: Delivery) -> list[str]:
    return [str(FORMATS[key].label) if key in FORMATS else key for key in found.formats]


def columns_of(found: Delivery) -> list[str]:
    return [str(COLUMNS[key].label) if key in COLUMNS else key for key in found.columns]


def countries_of(found: Delivery) -> list[str]:
    return sorted(countries.name_of(code) for code in found.countries)


def size_of(file: DeliveryFile) -> str:
    """In kilobytes or megabytes, rounded up: nothing is said to be empty."""
    kilobytes = -(-file.size // 1000)
    if kilobytes < 10_000:
        return _("%(number)s kB", number=f"{kilobytes:,}")
    return _("%(number)s MB", number=f"{-(-kilobytes // 1000):,}")
