"""The office's first page: what needs a person, work under way, the next dates, numbers that lead to where they come from."""

import re
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import update

from cases.models import Case, Event, EventKind, Person
from core import clock
from core.db import db
from donations.books import jobs
from organisers.accounts.models import OfficeRole
from petitions.abuse.models import Invalidation
from petitions.models import Petition, Submission
from petitions.states import HeldReason, InvalidationState, SubmissionState, Visibility
from tests.factories import make_case, make_petition
from tests.organisers.conftest import Office
from tests.organisers.test_gifts import paid
from tests.organisers.test_moderation import hold
from tests.organisers.test_permissions import Asker
from tests.petitions.conftest import make_campaign
from tests.petitions.crowd import crowd

BLIND = (OfficeRole.TREASURER, OfficeRole.VIEWER)  # who judges nothing


def dashboard(office: Office) -> str:
    return " ".join(office.get("/office/").split())


def part(text: str, name: str) -> str:
    """The section with this heading; nothing where there is none."""
    _before, _found, after = text.partition(f'aria-labelledby="{name}"')
    return after.split("</section>")[0]


def change(app: Flask, table: type, row_id: int, **values: object) -> None:
    with app.app_context():
        db.session.execute(update(table).where(table.id == row_id).values(**values))  # type: ignore[attr-defined]
        db.session.commit()


def test_a_quiet_morning_says_so_and_what_to_do_first(office: Office) -> None:
    text = dashboard(office)
    assert "Nothing waits for you." in text
    assert "There is no petition yet. Open a case and write one there." in text
    assert "No date is known. Enter hearings and days of release at their case" in text
    assert 'id="work"' not in text


def test_what_needs_a_person_stands_before_the_numbers(office: Office) -> None:
    campaign = make_campaign(office.app)
    hold(campaign, "ada@example.org", HeldReason.DOMAIN)
    text = dashboard(office)
    assert "Nothing waits for you." not in text
    assert (
        text.index('id="moderation"')
        < text.index('class="kpis"')
        < text.index('id="dates"')
        < text.index('id="petitions"')
    )


def test_every_number_leads_to_where_it_comes_from(office: Office) -> None:
    campaign = make_campaign(office.app)
    crowd(campaign, 3)
    hold(campaign, "ada@example.org", HeldReason.DOMAIN)
    campaign.sign("waiting@example.org")
    campaign.work()
    gift = paid(office)
    text, page = dashboard(office), f"/office/petitions/{campaign.id}"
    for path, number in ((f"{page}/counting", 3), (f"{page}#funnel", 1), (f"{page}/held", 1)):
        assert f'<a href="{path}">{number}</a>' in part(text, "petitions"), path
    numbers = text.split('class="kpis"')[1].split("</ul>")[0]
    for link in ('<a href="#petitions">3</a>', '<a href="#petitions">1</a>', '<a href="/office/gifts">€25</a>'):
        assert link in numbers, link
    assert f'<a href="/office/gifts?fund={gift.case_id}">' in part(text, "funds") and "€25" in part(text, "funds")
    for path in re.findall(r'href="(/office/[^"#]*)', text):
        assert office.client.get(path).status_code == 200, path


def test_donations_stand_by_the_fund_that_has_them(office: Office) -> None:
    first, second = paid(office), paid(office, minor=4000)
    paid(office, general=True)
    funds = part(dashboard(office), "funds")
    assert [number for number in re.findall(r'class="num">([^<]+)<', funds) if number != "Sum"] == ["€25", "€25", "€40"]
    assert (
        funds.index("The general fund") < funds.index(f"fund={first.case_id}") < funds.index(f"fund={second.case_id}")
    )


def test_the_next_dates_come_in_their_order(office: Office) -> None:
    today = clock.now().date()
    with office.app.app_context():
        case = make_case(title="The teachers", events=[])
        case.people[0].release_due = today + timedelta(days=9)
        for days, title in ((5, "Hearing of the appeal"), (-5, "Hearing that is over"), (90, "Hearing far away")):
            when = today + timedelta(days=days)
            case.events.append(Event(kind=EventKind.APPEAL, happened_on=when, title=title, source="A source"))
        db.session.commit()
        person, case_id = case.people[0].id, case.id
    soon, closed = make_campaign(office.app, title="Closing soon"), make_campaign(office.app, title="Deleted soon")
    moment = clock.now()
    change(office.app, Petition, soon.id, closes_at=moment + timedelta(days=2))
    change(office.app, Petition, closed.id, state="closed", closes_at=moment - timedelta(days=365 - 30))
    dates = part(dashboard(office), "dates")
    words = ("Last day to sign", "Hearing of the appeal", "Release of", "Personal data is deleted")
    places = [dates.index(word) for word in words]
    assert places == sorted(places)
    assert "is over" not in dates and "far away" not in dates and "Passed" not in dates
    change(office.app, Person, person, release_due=today - timedelta(days=1))
    dates = part(dashboard(office), "dates")
    assert "was due: enter whether it happened" in dates and dates.count("Passed") == 1
    assert f'href="/office/cases/{case_id}/people/{person}"' in dates
    change(office.app, Person, person, released_on=today)
    assert "was due" not in dashboard(office)


def test_a_hold_or_an_erasure_takes_the_day_of_deletion_away(office: Office) -> None:
    campaign = make_campaign(office.app)
    change(office.app, Petition, campaign.id, state="closed", closes_at=clock.now() - timedelta(days=340))
    assert "Personal data is deleted" in dashboard(office)
    change(office.app, Petition, campaign.id, legal_hold="A court asks for it.")
    assert "Personal data is deleted" not in dashboard(office)


def work(office: Office) -> str:
    return part(dashboard(office), "work")


def test_long_work_is_shown_while_it_is_under_way(office: Office) -> None:
    campaign = make_campaign(office.app)
    crowd(campaign, 4, "FR")
    page = f"/office/petitions/{campaign.id}"
    made = office.saved(f"{page}/invalidations/new", country="FR")
    assert work(office) == ""
    office.saved(f"{made}/start", reason="All of one hand.")
    shown = work(office)
    assert "Signatures are taken out of the count" in shown and "0 percent" in shown and f'href="{made}"' in shown
    change(office.app, Invalidation, int(made.rsplit("/", 1)[1]), cursor=2, last=4)
    assert "50 percent" in work(office)
    change(office.app, Invalidation, int(made.rsplit("/", 1)[1]), cursor=0)
    campaign.work()
    assert work(office) == ""
    office.saved(f"{made}/undo")
    assert "An invalidation is undone" in work(office)


def test_an_erasure_is_shown_until_its_key_is_destroyed(office: Office) -> None:
    campaign = make_campaign(office.app)
    campaign.signed()
    page = f"/office/petitions/{campaign.id}"
    office.saved(f"{page}/close")
    office.saved(f"{page}/erase", typed=campaign.slug)
    assert "A petition is erased" in work(office)
    assert "is being erased" in office.get(f"{page}/retention")
    campaign.work()
    assert work(office) == ""
    assert "Everything that named a person is gone" in office.get(f"{page}/retention")


def test_work_that_somebody_asked_for_is_shown_and_what_runs_by_night_is_not(office: Office) -> None:
    with office.app.app_context():
        jobs.promise()
    assert work(office) == ""
    office.saved("/office/books/reconcile")
    assert "The books are compared with Stripe" in work(office) and 'href="/office/books"' in work(office)
    assert "The books are being compared at this moment" in office.get("/office/books")


@pytest.mark.parametrize("role", OfficeRole)
def test_the_dashboard_leads_each_role_only_where_it_may_go(app: Flask, role: OfficeRole) -> None:
    """On a morning on which everything waits and everything is under way."""
    asker = Asker(app, role)
    number = asker.own.values["petition_id"]
    with app.app_context():
        petition, other = db.session.get_one(Petition, number), db.session.get_one(Case, asker.own.case_id)
        erased = make_petition(other)
        petition.closes_at, other.review_on = clock.now() + timedelta(days=3), clock.now().date() - timedelta(days=1)
        other.people[0].release_due = clock.now().date()
        erased.erased_at = clock.now()
        db.session.execute(update(Invalidation).values(state=InvalidationState.RUNNING))
        submission = {"petition_id": number, "state": SubmissionState.HELD, "held_reason": HeldReason.WAVE}
        sealed = {"key_id": "gone", "data_key_id": "gone", "blob": b"-", "country": "IE", "source": "other"}
        times = {"received_at": clock.now(), "held_at": clock.now()}
        public = {"public_id": "h" * 22, "visibility": Visibility.PUBLIC, "consent_digest": ""}
        db.session.add(Submission(**submission, **sealed, **times, **public))
        db.session.commit()
        jobs.promise()
        titles = {name: f">{words}<" for name, words in (("case", other.title), ("petition", petition.title))}
    text = dashboard(asker.office)
    for words in ("taken out of the count", "A petition is erased", "Review is due"):
        assert (words in text) == (role != OfficeRole.TREASURER), words
    assert ("Words to judge" in text) == ("Signatures to look at" in text) == (role not in BLIND)
    assert (titles["case"] in text) == (titles["petition"] in text) == (role != OfficeRole.TREASURER)
    links = set(re.findall(r'href="(/office/[^"#]*)', text))
    assert len(links) > 1
    assert [link for link in sorted(links) if asker.office.client.get(link).status_code in (403, 404)] == []


def test_a_stopped_preview_is_no_work(office: Office) -> None:
    campaign = make_campaign(office.app)
    made = office.saved(f"/office/petitions/{campaign.id}/invalidations/new", country="FR")
    change(office.app, Invalidation, int(made.rsplit("/", 1)[1]), found=None)
    assert "Signatures are looked through for an invalidation" in work(office)
    change(office.app, Invalidation, int(made.rsplit("/", 1)[1]), state=InvalidationState.CANCELLED)
    assert work(office) == ""
