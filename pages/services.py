"""What the public pages show, gathered from the rooms below."""

from dataclasses import dataclass
from typing import Any

from flask import current_app, url_for

import petitions.services
from cases import services as cases
from cases.comments import services as comments
from cases.models import Case, CaseImage, Event, Person
from cases.translations import services as translations
from core.money import Money
from donations import services as gifts
from petitions.counting import tallies
from petitions.models import Petition

LATEST_NEWS = 5


@dataclass(frozen=True)
class Home:
    """The start page: what may be signed now, with its numbers; the cases; the latest news."""

    petitions: list[Petition]
    totals: dict[int, int]
    cases: list[Case]
    events: list[Event]


def home() -> Home:
    open_now = [petition for petition in petitions.services.list_public() if petition.open]
    return Home(open_now, _totals(open_now), cases.list_public(), cases.news(limit=LATEST_NEWS))


def petitions_of(case: Case) -> tuple[list[Petition], dict[int, int]]:
    """A case's public petitions, open ones first, and their totals by id."""
    of_case = petitions.services.list_public(case)
    return of_case, _totals(of_case)


def raised(case: Case) -> list[Money]:
    """What was given to the case's fund, one amount a currency."""
    return [Money(minor, currency) for currency, minor in sorted(gifts.raised(case.id).items())]


def case_document(case: Case) -> dict[str, Any]:
    """The contract's JSON document of a case; a value that is not known is null."""
    of_case, totals = petitions_of(case)
    return {
        "slug": case.slug,
        "title": case.title,
        "status": case.status.value,
        "country": case.country,
        "place": case.place or None,
        "languages": list(translations.languages_of(case)),
        "people": [_person(person) for person in case.people],
        "events": [_event(event) for event in case.events],
        "images": [_image(image) for image in case.images],
        "petitions": [_petition(petition, totals.get(petition.id, 0)) for petition in of_case],
        "comments": comments.count(case),
        "raised": {money.currency: money.minor for money in raised(case)},
    }


def _totals(shown: list[Petition]) -> dict[int, int]:
    return tallies.totals([petition.id for petition in shown])


def _person(person: Person) -> dict[str, Any]:
    return {
        "name": person.public_name,
        "about": person.about or None,
        "charge": person.charge or None,
        "sentence": person.sentence or None,
        "held_at": person.held_at or None,
        "release_due": person.release_due and person.release_due.isoformat(),
        "released_on": person.released_on and person.released_on.isoformat(),
    }


def _image(image: CaseImage) -> dict[str, Any]:
    server, widest = current_app.config["UNDERSIGNED"].server_url, image.variants("jpeg")[-1]
    url = f"{server}{url_for('pages.image', digest=widest.digest, format='jpeg')}"
    return {"url": url, "alt": image.alt, "credit": image.credit, "width": widest.width, "height": widest.height}


def _event(event: Event) -> dict[str, Any]:
    return {
        "kind": event.kind.value,
        "date": event.happened_on.isoformat(),
        "title": event.title,
        "body": event.body or None,
        "source": event.source or None,
        "source_url": event.source_url or None,
    }


def _petition(petition: Petition, signatures: int) -> dict[str, Any]:
    return {
        "slug": petition.slug,
        "title": petition.title,
        "state": petition.state.value,
        "signatures": signatures,
    }
