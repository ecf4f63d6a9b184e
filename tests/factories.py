"""Cases, petitions and people for tests: made through the services, with names that are plainly made up."""

import itertools
import secrets
from datetime import date, timedelta
from typing import Any

from cases.models import Case, CaseStatus, Consent, ConsentBasis, ConsentMeans, Event, EventKind, Person
from core import clock
from core.db import db
from petitions import services as petition_services
from petitions.models import Petition

_numbers = itertools.count(1)


def make_case(**values: Any) -> Case:
    """A committed, active case with one person, one event and a fund, safe to publish; not dangerous unless told."""
    number = next(_numbers)
    given = {
        "slug": f"case-{number}", "title": f"Case {number}", "lede": "A lede.", "story": "A *story*.", "country": "KZ",
        "status": CaseStatus.ACTIVE, "dangerous": False, "fund_title": "Media fund", "fund_text": "What it pays for.",
        "review_on": clock.now().date() + timedelta(days=90),
    }  # fmt: skip
    case = Case(**{**given, **values})
    case.people.append(Person(name=f"Person {number}", sentence="15 days"))
    case.events.append(
        Event(kind=EventKind.APPEAL, happened_on=date(2010, 5, 6), title="Appeal rejected", source="A source")
    )
    db.session.add(case)
    db.session.flush()
    agree(case)
    db.session.commit()
    return case


def agree(case: Case) -> None:
    """A consent for the whole case, without a note."""
    by, how = ConsentBasis.PERSON, ConsentMeans.WRITING
    given = {"public_id": secrets.token_urlsafe(16), "given_on": date(2010, 5, 1), "recorded_by": "olga@example.org"}
    db.session.add(Consent(case_id=case.id, basis=by, means=how, **given))


def make_petition(case: Case | None = None, **values: Any) -> Petition:
    """A committed, open petition to one recipient in Austria."""
    number = next(_numbers)
    given = {
        "slug": f"petition-{number}", "title": f"Petition {number}", "ask": "We ask.", "letter": "Release them.",
        "recipients": [{"name": "A. Recipient", "role": "Secretary", "organisation": "An Office", "country": "AT"}],
    }  # fmt: skip
    petition = petition_services.create(case or make_case(), **{**given, **values})
    petition_services.publish(petition)
    db.session.commit()
    return petition
