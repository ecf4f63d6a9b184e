"""The demo case: what a news page of May 2010 reported, in our own words, and nothing beyond it."""

from datetime import date, timedelta
from typing import Any

from cases import safety
from cases.models import Case, CaseStatus, ConsentBasis, ConsentMeans, Event, EventKind, Person
from core import clock
from core.db import db, insert
from core.vault import SITE, vault
from petitions import services

CASE = "almaty-activists"
PETITION = "osce-release-almaty-activists"
SOURCE = "Campaign news, May 2010"

LEDE = (
    "Ainur Kurmanov and Esen Ukteshbaev of the “Kazakhstan 2012” movement are held in Almaty and on hunger strike. "
    "On 6 May 2010 the city court rejected both appeals."
)
STORY = """\
Ainur Kurmanov and Esen Ukteshbaev are labour activists of the movement “Kazakhstan 2012”. Ainur Kurmanov was given \
15 days for an “unsanctioned picket” at Temir Bank; months before, he had been acquitted of the same charge. \
Esen Ukteshbaev was charged for a May Day demonstration. Both went on hunger strike.

With them the campaign speaks up for Vadim Kuramskin, who is alleged to have breached the conditions of his parole.

When each of the arrests took place is not known to us. So this page counts no days; it shows the sentence that we know \
of and the days on which a release is due.
"""
FUND_TEXT = (
    "The campaign asks for gifts to its media fund, so that what happens to the activists does not stay unseen. "
    "Give once, or become a patron with a gift every month."
)
PEOPLE: tuple[dict[str, Any], ...] = (
    {
        "name": "Ainur Kurmanov",
        "about": "Labour activist, “Kazakhstan 2012”. On hunger strike.",
        "charge": "“Unsanctioned picket” at Temir Bank; acquitted of the same charge months before",
        "sentence": "15 days",
        "release_due": date(2010, 5, 12),
    },
    {
        "name": "Esen Ukteshbaev",
        "about": "Labour activist, “Kazakhstan 2012”. On hunger strike.",
        "charge": "A May Day demonstration",
        "release_due": date(2010, 5, 10),
    },
    {"name": "Vadim Kuramskin", "charge": "Alleged breach of parole conditions"},
)
EVENTS: tuple[dict[str, Any], ...] = (
    {
        "kind": EventKind.PRESS,
        "happened_on": date(2010, 5, 6),
        "title": "Moscow News on the “leader of the nation”",
        "body": "The campaign’s news points to a report in the Moscow News about the president’s powers as “leader of "
        "the nation”, and about the crackdown.",
        "source": "Moscow News",
    },
    {
        "kind": EventKind.APPEAL,
        "happened_on": date(2010, 5, 6),
        "title": "The city court rejects both appeals",
        "body": "The Almaty city court turned down the appeals of Ainur Kurmanov and Esen Ukteshbaev. For the first "
        "time, the two were brought into the court room.",
        "source": SOURCE,
    },
    {
        "kind": EventKind.MESSAGE,
        "happened_on": date(2010, 5, 6),
        "title": "A message from comrades",
        "body": "After the hearing, comrades of the two activists sent a message to those who support them.",
        "source": SOURCE,
    },
)
ASK = (
    "Kazakhstan chairs the OSCE in 2010. Ask its Secretary General to demand that the activists held in Almaty are "
    "released at once, and that the repression of activists ends."
)
LETTER = """\
Secretary General,

We protest against the jailing of activists in Almaty. Ainur Kurmanov was given 15 days for an “unsanctioned picket” at \
Temir Bank, a charge of which he had been acquitted months before. Esen Ukteshbaev was charged for a May Day \
demonstration. Both are on hunger strike, and on 6 May 2010 the Almaty city court rejected the appeals of both. Vadim \
Kuramskin is accused of having breached the conditions of his parole.

Kazakhstan has the chair of the OSCE this year. What it does to its own citizens is therefore the affair of every \
participating state.

We ask the OSCE to demand

- that the activists are released immediately, and
- that the repression of activists in Kazakhstan comes to an end.
"""
CONSENT = (
    "Demo: no consent was asked for. All that stands here was published by the campaign of the people named, on a news page "
    "of May 2010."
)
REVIEW_AFTER = timedelta(days=180)
RECIPIENT = {
    "name": "Marc Perrin de Brichambaut",
    "role": "Secretary General",
    "organisation": "OSCE",
    "address": "Wallnerstrasse 6\n1010 Vienna\nAustria",
    "country": "AT",
}


def seed_demo() -> None:
    """The demo case with its open petition; does nothing where the case exists already. The caller commits."""
    vault().prepare(SITE)
    case = _new_case()
    if case is None:
        return
    case.people.extend(Person(position=position, **person) for position, person in enumerate(PEOPLE))
    case.events.extend(Event(**event) for event in EVENTS)
    safety.record(
        case, person=None, basis=ConsentBasis.PUBLIC, means=ConsentMeans.PUBLISHED, given_on=date(2010, 5, 6), note=CONSENT,
        recorded_by="seed",
    )  # fmt: skip
    petition = services.create(
        case,
        slug=PETITION,
        title="Demand the release of the Almaty activists",
        ask=ASK,
        letter=LETTER,
        recipients=[RECIPIENT],
        first_signatory="Joe Higgins MEP",
        first_signatory_role="Socialist Party, Ireland; for a group of Members of the European Parliament",
        time_zone="Asia/Almaty",
        language="en",
    )
    services.publish(petition)


def _new_case() -> Case | None:
    """The case's row, or None where somebody has made it: the database decides, not a look beforehand."""
    values = {
        "slug": CASE,
        "title": "Free the Almaty activists",
        "lede": LEDE,
        "story": STORY,
        "place": "Almaty, Kazakhstan",
        "country": "KZ",
        "status": CaseStatus.ACTIVE,
        "urgency": "Urgent: hunger strike",
        "dangerous": False,
        "comments_open": True,
        "safety_answered_at": clock.now(),
        "safety_note": "Demo: the safety questions count as answered, so that names go to the recipient by default.",
        "review_on": clock.now().date() + REVIEW_AFTER,
        "fund_title": "Media fund of the campaign",
        "fund_text": FUND_TEXT,
        "fund_currency": "EUR",
    }
    made = insert(Case).values(values).on_conflict_do_nothing(index_elements=["slug"]).returning(Case.id)
    case_id = db.session.scalar(made)
    return db.session.get_one(Case, case_id) if case_id is not None else None
