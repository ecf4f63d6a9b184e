"""The next dates of everything: who may be released, hearings, openings and closings, deadlines of banks, deletions."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from cases.models import Case, CaseStatus, Event, Person
from core import clock
from core.db import db
from deliveries.models import Delivery
from deliveries.states import PUBLISHED
from organisers.accounts import presence
from organisers.accounts.scope import Cases, visible
from organisers.gifts import services as gift_services
from petitions import deadlines
from petitions.models import Petition
from petitions.states import PetitionState

AHEAD = timedelta(days=60)
MOST = 15
CLOSING = (PetitionState.OPEN, PetitionState.PAUSED)
UNOPENED = (PetitionState.DRAFT, PetitionState.SCHEDULED)


class Date(NamedTuple):
    """What happens on a day, where the office has it, and whether the day has passed without anybody seeing to it."""

    on: date
    words: str
    about: str
    url: str
    overdue: bool = False


def coming(petitions: Sequence[Petition], *, cases: Cases, money: bool) -> list[Date]:
    """What comes in the next 60 days to these petitions and cases, the nearest first, and what should have happened already;
    `money`: to payments too."""
    found = [*_releases(cases), *_hearings(cases), *(_disputes() if money else ()), *_answers(cases)]
    for petition in petitions:
        found += _of_petition(petition)
    last = clock.now().date() + AHEAD
    return sorted((one for one in found if one.on <= last), key=lambda one: (one.on, one.words, one.about))[:MOST]


def _releases(cases: Cases) -> Iterator[Date]:
    """Who is due to be released; overdue while nobody has entered that it happened."""
    today = clock.now().date()
    held = (Person.release_due.is_not(None), Person.released_on.is_(None), Case.status == CaseStatus.ACTIVE)
    query = select(Person).join(Person.case).options(joinedload(Person.case)).where(*held).order_by(Person.id)
    for person in db.session.scalars(visible(query, Person.case_id, cases)):
        due, url = person.release_due or today, _where(person.case_id, "office.edit_person", part_id=person.id)
        words = (
            _("Release of %(name)s was due: enter whether it happened", name=person.name)
            if due < today
            else _("Release of %(name)s is due", name=person.name)
        )
        yield Date(due, words, person.case.title, url, due < today)


def _hearings(cases: Cases) -> Iterator[Date]:
    today = clock.now().date()
    query = select(Event).join(Event.case).options(joinedload(Event.case)).where(Event.happened_on >= today)
    for event in db.session.scalars(visible(query, Event.case_id, cases).order_by(Event.id)):
        url = _where(event.case_id, "office.edit_event", part_id=event.id)
        yield Date(event.happened_on, event.title, event.case.title, url)


def _disputes() -> Iterator[Date]:
    for row in gift_services.open_disputes():
        if row.dispute.due_at:
            words = _("Answer the bank that contests a payment")
            yield Date(row.dispute.due_at.date(), words, row.dispute.money.text("en"), url_for("office.dispute_list"))


def _answers(cases: Cases) -> Iterator[Date]:
    """When the recipient of a delivery is to answer; overdue while nobody has noted a reply."""
    waiting = (Delivery.answer_due.is_not(None), Delivery.replied_on.is_(None), Petition.answered_on.is_(None))
    query = (
        select(Delivery).join(Delivery.petition).where(*waiting, Delivery.state.in_(PUBLISHED)).order_by(Delivery.id)
    )
    for delivery in db.session.scalars(visible(query, Petition.case_id, cases)):
        petition, due = delivery.petition, delivery.answer_due or clock.now().date()
        late = due < clock.now().astimezone(ZoneInfo(petition.time_zone)).date()
        may = presence.may("office.delivery_record", petition.case_id)
        url = (
            url_for("office.delivery_record", petition_id=petition.id, delivery_id=delivery.id)
            if may
            else url_for("office.petition", petition_id=petition.id)
        )
        words = (
            _("The recipient’s answer was due: ask for it, or note it") if late else _("The recipient’s answer is due")
        )
        yield Date(due, words, petition.title, url, late)


def _of_petition(petition: Petition) -> Iterator[Date]:
    now, page = clock.now(), url_for("office.petition", petition_id=petition.id)
    if petition.erased_at is not None:
        return
    may = presence.may("office.retention", petition.case_id)
    kept = url_for("office.retention", petition_id=petition.id) if may else page
    days = (
        (petition.opens_at if petition.state in UNOPENED else None, _("Opening time: publish it then"), page),
        (petition.closes_at if petition.state in CLOSING else None, _("Last day to sign"), page),
        (
            None if petition.legal_hold else deadlines.next_due(petition),
            _("Personal data is deleted"),
            kept,
        ),
    )  # fmt: skip
    for moment, words, url in days:
        if moment is not None and moment > now:
            yield Date(moment.astimezone(ZoneInfo(petition.time_zone)).date(), words, petition.title, url)


def _where(case_id: int, endpoint: str, part_id: int) -> str:
    """The page on which one may see to it, or the case's where one may only read."""
    if presence.may(endpoint, case_id):
        return url_for(endpoint, case_id=case_id, part_id=part_id)
    return url_for("office.case", case_id=case_id)
