"""Petitions in the office: written, addressed, published, paused, closed, their numbers seen."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from cases.models import CaseStatus
from core import clock
from core.db import db
from petitions.models import ConsentText, Petition, Recipient
from petitions.states import PetitionState
from tests.factories import make_case
from tests.organisers.conftest import Office
from tests.petitions.conftest import make_campaign

PETITION = {
    "title": "Release them", "slug": "release-them", "ask": "We ask for their release.",
    "letter": "Dear Secretary,\n\nrelease them.", "time_zone": "Asia/Almaty", "language": "en",
    "goal": "500", "sources": "newsletter-may, qr-poster",
}  # fmt: skip
RECIPIENT = {"name": "A. Recipient", "role": "Secretary", "organisation": "An Office", "country": "AT"}


def only(app: Flask) -> Petition:
    with app.app_context():
        return db.session.scalars(select(Petition)).one()


@pytest.fixture
def new(app: Flask) -> str:
    """The address of the form for a new petition of an active case."""
    with app.app_context():
        return f"/office/cases/{make_case().id}/petitions/new"


def test_from_an_empty_form_to_an_open_petition(app: Flask, office: Office, new: str) -> None:
    where = office.saved(
        new, **PETITION, opens_at="2026-05-01T09:00", closes_at="2090-06-01T18:30", first_signatory="J. Example MEP"
    )
    petition = only(app)
    assert where == f"/office/petitions/{petition.id}/recipients/new"
    assert petition.closes_at == datetime(2090, 6, 1, 13, 30, tzinfo=UTC)
    assert (petition.state, petition.goal, petition.sources) == (
        PetitionState.DRAFT,
        500,
        ["newsletter-may", "qr-poster"],
    )
    assert app.test_client().get("/petitions/release-them").status_code == 404
    office.saved(where, **RECIPIENT)
    office.saved(f"/office/petitions/{petition.id}/publish")
    page = app.test_client().get("/petitions/release-them")
    assert page.status_code == 200 and "Secretary" in page.text and "J. Example MEP" in page.text
    assert office.acts() == [
        ("petition.created", "release-them"), ("recipient.added", "release-them"), ("petition.published", "release-them"),
    ]  # fmt: skip


def test_an_unfinished_petition_cannot_be_published_and_all_reasons_are_told(app: Flask, office: Office) -> None:
    with app.app_context():
        draft = make_case(status=CaseStatus.DRAFT).id
    office.saved(f"/office/cases/{draft}/petitions/new", **{**PETITION, "letter": "", "ask": ""})
    answer = office.post(f"/office/petitions/{only(app).id}/publish")
    assert answer.status_code == 422
    for sentence in ("Add the recipient", "Write the letter.", "Publish the case first."):
        assert sentence in answer.text
    assert only(app).state == PetitionState.DRAFT and ("petition.published", "release-them") not in office.acts()


def test_a_petition_does_not_open_before_its_time(app: Flask, office: Office) -> None:
    with app.app_context():
        case = make_case().id
    office.saved(f"/office/cases/{case}/petitions/new", **PETITION, opens_at="2090-05-01T09:00")
    answer = office.post(f"/office/petitions/{only(app).id}/publish")
    assert answer.status_code == 422 and "still to come" in answer.text
    assert only(app).state == PetitionState.DRAFT


def test_pausing_resuming_closing_and_opening_again(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    page = f"/office/petitions/{campaign.id}"
    for act, state, signing in (("pause", "paused", 409), ("resume", "open", 303), ("close", "closed", 409)):
        office.saved(f"{page}/{act}")
        assert only(app).state == state
        assert campaign.sign(f"{act}@example.org").status_code == signing, act
    again = office.post(f"{page}/reopen")
    assert again.status_code == 422 and "choose a later one" in again.text
    with app.app_context():
        db.session.execute(update(Petition).values(closes_at=clock.now() + timedelta(days=9)))
        db.session.commit()
    office.saved(f"{page}/reopen")
    assert campaign.sign("again@example.org").status_code == 303
    assert [act for act, _ in office.acts()][-4:] == [
        f"petition.{did}" for did in ("paused", "resumed", "closed", "reopened")
    ]


def test_an_act_that_the_state_does_not_allow_changes_nothing_and_says_why(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    page = f"/office/petitions/{campaign.id}"
    office.saved(f"{page}/close")
    for act in ("publish", "pause", "resume", "close"):
        answer = office.post(f"{page}/{act}")
        assert answer.status_code == 409 and "meanwhile" in answer.text, act
    assert office.post(f"{page}/explode").status_code == 404
    assert office.client.get(f"{page}/close").status_code == 405


def test_editing_changes_what_people_agree_to_from_then_on(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    page = f"/office/petitions/{campaign.id}/edit"
    with app.app_context():
        before = db.session.scalar(select(func.max(ConsentText.version)))
    assert 'name="slug"' not in office.get(page)
    office.saved(page, **{**PETITION, "slug": "moved", "letter": "A new letter."})
    petition = only(app)
    assert (petition.slug, petition.letter, petition.time_zone) == (campaign.slug, "A new letter.", "Asia/Almaty")
    with app.app_context():
        assert db.session.scalar(select(func.max(ConsentText.version))) == before + 1
        assert db.session.scalar(select(func.count()).where(ConsentText.text.contains("A new letter."))) == 4
    campaign.signed("ada@example.org")
    assert campaign.count() == 1


def test_saving_a_form_untouched_changes_nothing(app: Flask, office: Office) -> None:
    campaign = make_campaign(app, time_zone="Asia/Almaty", sources=["a", "b-c"], goal=70)
    before = only(app)
    page = office.get(f"/office/petitions/{campaign.id}/edit")
    local = before.opens_at.astimezone(ZoneInfo("Asia/Almaty")).strftime("%Y-%m-%dT%H:%M")  # type: ignore[union-attr]
    assert f'value="{local}"' in page
    office.saved(
        f"/office/petitions/{campaign.id}/edit", title=before.title, ask=before.ask, letter=before.letter, goal="70",
        time_zone="Asia/Almaty", language="en", opens_at=local, closes_at="", sources="a b-c",
    )  # fmt: skip
    after = only(app)
    assert (after.opens_at, after.sources, after.goal) == (before.opens_at, ["a", "b-c"], 70)
    assert "fields: ;" not in office.get("/office/audit") and office.acts() == [("petition.edited", campaign.slug)]


@pytest.mark.parametrize(
    ("zone", "typed", "moment"),
    [
        ("Europe/Berlin", "2027-03-28T01:59", datetime(2027, 3, 28, 0, 59, tzinfo=UTC)),
        ("Europe/Berlin", "2027-03-28T02:30", None),
        ("Europe/Berlin", "2027-03-28T03:00", datetime(2027, 3, 28, 1, 0, tzinfo=UTC)),
        ("Europe/Berlin", "2027-10-31T02:30", datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),
        ("UTC", "2028-02-29T23:59", datetime(2028, 2, 29, 23, 59, tzinfo=UTC)),
        ("UTC", "2027-02-29T12:00", None),
        ("America/New_York", "0001-01-01T00:00", None),
        ("Pacific/Kiritimati", "9999-12-31T23:59", None),
        ("UTC", "soon", None),
    ],
)  # fmt: skip
def test_a_closing_time_is_meant_in_the_petitions_zone(
    app: Flask, office: Office, new: str, zone: str, typed: str, moment: datetime | None
) -> None:
    answer = office.post(new, **{**PETITION, "time_zone": zone}, closes_at=typed)
    assert answer.status_code == (303 if moment else 422)
    if moment:
        assert only(app).closes_at == moment
    else:
        assert "Dear Secretary" in answer.text and typed in answer.text


def fields_of(petition: Petition, **changed: str) -> dict[str, str]:
    """An edit form's fields as its page shows them, some of them changed."""
    zone, shown = ZoneInfo(petition.time_zone), "%Y-%m-%dT%H:%M"
    times = {name: getattr(petition, name) for name in ("opens_at", "closes_at")}
    typed = {name: moment.astimezone(zone).strftime(shown) if moment else "" for name, moment in times.items()}
    return {
        "title": petition.title, "ask": petition.ask, "letter": petition.letter, "goal": "", "sources": "",
        "time_zone": petition.time_zone, "language": petition.language, **typed, **changed,
    }  # fmt: skip


def test_a_closing_time_that_has_passed_is_refused_for_the_clocks_of_deletion_count_from_it(
    app: Flask, office: Office, new: str
) -> None:
    answer = office.post(new, **PETITION, opens_at="2020-05-01T09:00", closes_at="2020-06-01T18:30")
    assert answer.status_code == 422 and "the clocks of deletion count from it" in answer.text
    campaign = make_campaign(app, opens_at=clock.now() - timedelta(days=430), time_zone="Asia/Almaty")
    page, before = f"/office/petitions/{campaign.id}/edit", only(app)
    for days, status in ((400, 422), (-9, 303)):
        typed = (clock.now() - timedelta(days=days)).strftime("%Y-%m-%dT%H:%M")
        assert office.post(page, **fields_of(before, closes_at=typed)).status_code == status
    assert only(app).closes_at > clock.now()


def test_a_closing_time_that_passed_by_itself_hinders_no_other_change(app: Flask, office: Office) -> None:
    closed = clock.now() - timedelta(days=3)
    campaign = make_campaign(app, opens_at=clock.now() - timedelta(days=30))
    with app.app_context():
        db.session.execute(update(Petition).values(closes_at=closed))
        db.session.commit()
    office.saved(f"/office/petitions/{campaign.id}/edit", **fields_of(only(app), title="Another title"))
    assert (only(app).title, only(app).closes_at) == ("Another title", closed)


@pytest.mark.parametrize("state", ["delivered", "answered", "victory", "archived"])
@pytest.mark.parametrize("typed", ["", "2100-01-01T00:00"])
def test_nobody_stretches_the_twelve_months_of_a_petition_that_has_ended(
    app: Flask, office: Office, state: str, typed: str
) -> None:
    ended = {"state": PetitionState(state), "closes_at": clock.now() - timedelta(days=30)}
    campaign = make_campaign(app, opens_at=clock.now() - timedelta(days=60))
    with app.app_context():
        db.session.execute(update(Petition).values(ended))
        db.session.commit()
    page = f"/office/petitions/{campaign.id}/edit"
    assert 'name="closes_at"' not in office.get(page)
    office.saved(page, **fields_of(only(app), title="Thank you", closes_at=typed))
    assert (only(app).title, only(app).closes_at) == ("Thank you", ended["closes_at"])


def test_a_closed_petition_is_given_a_later_closing_time_and_opens_again(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    page = f"/office/petitions/{campaign.id}"
    office.saved(f"{page}/close")
    office.saved(f"{page}/edit", **fields_of(only(app), closes_at="2090-06-01T18:30"))
    office.saved(f"{page}/reopen")
    assert campaign.sign("again@example.org").status_code == 303


def test_bad_input_comes_back_with_a_sentence(app: Flask, office: Office, new: str) -> None:
    wrong: dict[str, tuple[str, str]] = {
        "title": ("", "Give the petition a title."), "slug": ("-x", "Use small letters"), "goal": ("0", "from 1 to"),
        "time_zone": ("Mars/Olympus", "from the list"), "language": ("tlh", "from the list"), "sources": ("ok NOT!", "NOT!"),
        "first_signatory": ("www.example.org", "web address"),
    }  # fmt: skip
    for field, (typed, sentence) in wrong.items():
        answer = office.post(new, **{**PETITION, field: typed})
        assert answer.status_code == 422 and sentence in answer.text and "Dear Secretary" in answer.text, field
    late = office.post(new, **PETITION, opens_at="2090-05-02T00:00", closes_at="2090-05-01T00:00")
    assert late.status_code == 422 and "after the opening" in late.text
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Petition)) == 0


def test_two_petitions_cannot_have_one_address(app: Flask, office: Office, new: str) -> None:
    office.saved(new, **PETITION)
    taken = office.post(new, **{**PETITION, "title": "Another"})
    assert taken.status_code == 422 and "has this address already" in taken.text
    assert only(app).title == "Release them"


def test_recipients_are_edited_and_the_last_one_of_an_open_petition_stays(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    page = f"/office/petitions/{campaign.id}/recipients"
    with app.app_context():
        first = db.session.scalars(select(Recipient.id)).one()
    office.saved(f"{page}/{first}", **{**RECIPIENT, "name": "B. Recipient"})
    assert "B. Recipient" in app.test_client().get(f"/petitions/{campaign.slug}").text
    alone = office.post(f"{page}/{first}/remove")
    assert alone.status_code == 422 and "Add the new recipient first" in alone.text
    office.saved(f"{page}/new", **{**RECIPIENT, "name": "C. Recipient"})
    office.saved(f"{page}/{first}/remove")
    with app.app_context():
        assert db.session.scalars(select(Recipient.name)).all() == ["C. Recipient"]
    assert office.post(f"{page}/new", name="", country="XX").status_code == 422
    campaign.signed("ada@example.org")
    assert campaign.count() == 1


def test_recipients_of_another_petition_are_not_found(app: Flask, office: Office) -> None:
    mine, other = make_campaign(app), make_campaign(app)
    with app.app_context():
        theirs = db.session.scalars(select(Recipient.id).where(Recipient.petition_id == other.id)).one()
    page = f"/office/petitions/{mine.id}/recipients/{theirs}"
    assert office.client.get(page).status_code == 404
    assert office.post(page, **RECIPIENT).status_code == 404
    assert office.post(f"{page}/remove").status_code == 404


def test_the_petitions_numbers(app: Flask, office: Office) -> None:
    campaign = make_campaign(app, sources=["newsletter-may"])
    people = (
        {"country": "IE", "source": "newsletter-may"},
        {"country": "IE"},
        {"country": "AT", "visibility": "counted"},
    )
    for number, fields in enumerate(people):
        campaign.signed(f"person{number}@example.org", **fields)
    campaign.sign("waiting@example.org")
    campaign.work()
    page = " ".join(office.get(f"/office/petitions/{campaign.id}").split())
    assert f'<a href="/office/petitions/{campaign.id}/counting">3</a>' in page
    assert 'Waiting for confirmation</span><strong class="big"><a href="#funnel">1<' in page
    today = f"{clock.now():%-d %B %Y}"
    assert f'<th scope="row">{today}</th><td class="num">3</td>' in page
    assert page.count('<g class="bars"><rect') == 1 and page.count('rx="1"') == 1  # one day in the chart
    dashboard = " ".join(office.get("/office/").split())
    assert 'Confirmed signatures</span><strong class="big"><a href="#petitions">3<' in dashboard
    assert "style=" not in page and "<script" not in page


def test_nobodys_name_or_address_stands_in_the_office(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    campaign.signed("ada@example.org", name="Ada Example", visibility="public", comment="A comment of hers")
    for path in ("/office/", f"/office/petitions/{campaign.id}", "/office/audit"):
        page = office.get(path)
        for word in ("Ada Example", "ada@example.org", "A comment of hers"):
            assert word not in page, (path, word)
