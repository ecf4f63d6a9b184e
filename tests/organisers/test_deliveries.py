"""Deliveries in the office: asked for, seen before, approved by a second person, watched, fetched, noted."""

import hashlib
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pyrage
import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from core import clock, remembered, switches
from core.audit import AuditEntry
from core.db import db
from core.jobs import Job
from deliveries import asking
from deliveries.models import Correction, Delivery
from deliveries.packs.making import ATTEMPTS
from deliveries.states import DeliveryState
from organisers import services as organiser_services
from organisers.accounts.models import CodeApp, Membership, OfficeRole
from petitions.models import Petition, Signature
from tests.organisers.conftest import EMAIL, Office, enter
from tests.organisers.delivery_desk import CODE, PACK, PURPOSE, Desk
from tests.organisers.test_factors import add_phone
from tests.petitions.conftest import Campaign, make_campaign
from tests.petitions.test_invitations import Letter
from tests.petitions.test_organisations import NOTABLE


@pytest.fixture
def campaign(office: Office) -> Campaign:
    """Three of whom two may be named."""
    campaign = make_campaign(office.app)
    campaign.signed("ada@example.org", name="Ada Example", country="IE", role="Teacher", affiliation="A School")
    campaign.signed("ben@example.org", name="Ben Example", country="KZ")
    campaign.signed("cleo@example.org", name="Cleo Counted", visibility="counted")
    return campaign


@pytest.fixture
def desk(office: Office, campaign: Campaign) -> Desk:
    return Desk(office, campaign)


@pytest.fixture
def second(office: Office, desk: Desk) -> Desk:
    """Another owner with a phone: from now on a delivery waits for her."""
    other = enter(office.app, "nora@example.org")
    add_phone(other)
    return Desk(other, desk.campaign)


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    remembered.forget_all()
    yield


def rows(app: Flask) -> list[Delivery]:
    with app.app_context():
        return list(db.session.scalars(select(Delivery).order_by(Delivery.id)))


def turn(app: Flask, value: str) -> None:
    with app.app_context():
        switches.turn(actor="cli", second_person=value)
        db.session.commit()
    remembered.forget_all()


def acts(office: Office) -> list[str]:
    return [act for act, _subject in office.acts() if act.startswith(("delivery.", "names."))]


def set_state(app: Flask, state: DeliveryState, **values: Any) -> None:
    with app.app_context():
        db.session.execute(update(Delivery).values(state=state, **values))
        db.session.commit()


def news(desk: Desk, address: str) -> list[str]:
    return [mail.text for mail in desk.campaign.mails(address) if mail.subject == "News of a delivery"]


def test_the_petition_leads_to_its_deliveries_and_an_empty_list_says_what_to_do(office: Office, desk: Desk) -> None:
    assert f'href="{desk.path}"' in office.get(f"/office/petitions/{desk.campaign.id}")
    page = office.get(desk.path)
    assert "None yet. Press “New delivery”" in page and f'href="{desk.path}/new"' in page
    assert office.post(f"/office/petitions/{desk.campaign.id}/export", format="csv").status_code == 404


def test_a_preview_counts_shows_the_lines_by_first_letters_and_keeps_what_was_typed(desk: Desk) -> None:
    page = desk.preview(purpose="For the file of the ministry.", countries=["IE", "KZ"])
    assert "2 lines with a name" in page and "1 signatory counted without a name" in page
    assert re.findall(r"<td[^>]*>([^<]*)</td>", page) == ["1", "A… E…", "T…", "Ireland", "2", "B… E…", "", "Kazakhstan"]
    assert re.findall(r'<th scope="col">([^<]+)</th>', page) == ["No.", "Name", "Role", "Country"]
    assert "Ada" not in page and "Cleo" not in page
    assert 'value="For the file of the ministry."' in page and page.count("checked") >= 5
    assert rows(desk.office.app) == [] and acts(desk.office) == []


def test_notable_people_stand_first_in_the_preview_as_they_will_in_the_pack(office: Office, desk: Desk) -> None:
    letter = Letter(office.app, desk.campaign, office)
    office.saved(f"{letter.office_list}/new", **NOTABLE)
    desk.campaign.work()
    assert letter.press(NOTABLE["email"], "sign") == 303
    desk.campaign.work()
    letter.approve(0)
    names = re.compile(r'data-label="Name">([^<]+)')
    first, plain = desk.preview("names"), desk.preview("names", notable_first=[])
    assert names.findall(first) == ["Nora Sentinelova", "Ada Example", "Ben Example"]
    assert names.findall(plain) == ["Ada Example", "Ben Example", "Nora Sentinelova"]


def test_names_of_a_preview_are_shown_on_asking_and_the_chain_notes_it(desk: Desk) -> None:
    page = desk.preview("names")
    assert ">Ada Example</td>" in page and ">Teacher</td>" in page and "first letters" not in page
    assert acts(desk.office) == ["names.shown"]


def test_filters_narrow_the_preview(desk: Desk) -> None:
    assert "1 line with a name" in desk.preview(countries=["KZ"])
    _page, earlier = desk.made(last_signature_id=desk.campaign.fresh(select(func.min(Signature.id))))
    page = desk.preview("names", since=str(earlier.id))
    assert "1 line with a name" in page and "Ada" not in page and "Ben Example" in page
    counted = desk.preview(count_only="y", formats=[])
    assert "only the number would be given" in counted and "<td" not in counted


def test_the_lines_of_a_preview_are_in_the_language_of_the_delivery(desk: Desk, office: Office) -> None:
    office.saved(f"/office/petitions/{desk.campaign.id}/translations/de", title="T", ask="A", letter="L")
    assert ">Irland</td>" in desk.preview(language="de") and ">Ireland</td>" in desk.preview()


def test_alone_a_delivery_is_made_at_once(desk: Desk) -> None:
    where = desk.ask(protection="password", password="a long enough one", again="a long enough one")
    [found] = rows(desk.office.app)
    assert (found.state, found.created_by, found.approved_by) == (DeliveryState.QUEUED, 1, None)
    assert (found.formats, found.columns, found.purpose) == (["csv"], ["number", "name", "role", "country"], PURPOSE)
    with desk.office.app.app_context():
        assert asking.unseal(found) == {"password": "a long enough one"}
    page = desk.office.get(where)
    assert "Will be made in a moment" in page and "Look again" in page and "a long enough one" not in page
    assert acts(desk.office) == ["delivery.asked"]


WRONG = {
    "no type": ({"formats": []}, "Tick at least one file type"),
    "another type": ({"formats": ["exe"]}, "Tick only what stands in the list"),
    "another column": ({"columns": ["email"]}, "Tick only what stands in the list"),
    "another country": ({"countries": ["DE"]}, "Tick only what stands in the list"),
    "no purpose": ({"purpose": " "}, "Write in a sentence what the recipient may use it for"),
    "another recipient": ({"recipient": "999"}, "Choose one from the list"),
    "no number": ({"recipient": "x"}, "Choose one from the list"),
    "another language": ({"language": "tlh"}, "Choose one from the list"),
    "another delivery": ({"since": "999"}, "Choose one from the list"),
    "a day gone": ({"delete_by": "2010-05-06"}, "Choose a day that is still to come"),
    "no day": ({"delete_by": "soon"}, "Write the date as year-month-day"),
    "two passwords": ({"protection": "password", "password": "a long enough one", "again": "x"}, "type both again"),
    "a short password": ({"protection": "password", "password": "short", "again": "short"}, "12 to 200 characters"),
    "no age key": ({"protection": "age", "age_recipient": "age1x"}, "makes it with age-keygen"),
    "kept for ever": ({"kept_days": "91"}, "Write a number of days from 1 to 90"),
    "no way": ({"protection": "wax"}, "Choose one of these"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_cannot_be_had_is_said_at_its_field_and_what_was_typed_stays(desk: Desk, what: str) -> None:
    changed, sentence = WRONG[what]
    answer = desk.send(**{"purpose": "For the file.", **changed})
    page = unescape(answer.text)
    assert answer.status_code == 422 and sentence in page, page
    assert page.count(sentence) == 2, "in the summary, and at the field"
    assert what == "no purpose" or 'value="For the file."' in page
    assert rows(desk.office.app) == [] and "long enough" not in page


def test_an_empty_list_is_refused_and_only_the_number_may_be_given(desk: Desk) -> None:
    for address in ("ada", "ben"):
        mail = desk.campaign.mails(f"{address}@example.org")[-1]
        assert desk.campaign.press(mail.links["withdraw"]).status_code == 303
    answer = desk.send()
    assert answer.status_code == 422 and "Nobody would stand on this list" in answer.text
    desk.ask(count_only="y", formats=[])
    [found] = rows(desk.office.app)
    assert found.count_only and found.formats == []


def test_an_age_key_is_taken(desk: Desk) -> None:
    key = str(pyrage.x25519.Identity.generate().to_public())
    desk.ask(protection="age", age_recipient=f" {key} ")
    assert rows(desk.office.app)[0].age_recipient == key


def test_a_draft_and_an_erased_petition_deliver_nothing(office: Office, desk: Desk) -> None:
    for values in ({"state": "draft"}, {"erased_at": clock.now()}):
        with office.app.app_context():
            db.session.execute(update(Petition).values(state="open", erased_at=None))
            db.session.execute(update(Petition).values(**values))
            db.session.commit()
        assert office.post(f"{desk.path}/new", **desk.fields()).headers["Location"] == desk.path
        assert "Nothing can be handed over" in office.get(desk.path)
    assert rows(office.app) == []


def test_with_a_second_organiser_it_waits_who_may_approve_is_told_and_the_asker_cannot(
    desk: Desk, second: Desk
) -> None:
    where = desk.ask()
    desk.campaign.work()
    [mail] = desk.campaign.mails("nora@example.org")[-1:]
    assert "A delivery waits for your yes" in mail.text and f"http://localhost{where}" in mail.text
    assert desk.campaign.slug not in mail.text and "Recipient" not in mail.subject + mail.text
    assert not [one for one in desk.campaign.mails(EMAIL) if "waits for your yes" in one.text]
    own = desk.office.get(where)
    assert "nora@example.org" in own and "/approve" not in own
    answer = desk.office.post(f"{where}/approve")
    assert answer.headers["Location"] == where and "somebody else" in desk.office.get(where)
    [found] = rows(desk.office.app)
    assert (found.state, found.approved_by) == (DeliveryState.WAITING, None)


def test_the_second_person_sees_what_was_asked_and_approves(desk: Desk, second: Desk) -> None:
    where = desk.ask(countries=["KZ"], delete_by="2090-01-01")
    page = second.office.get(where)
    for shown in (
        EMAIL,
        "Kazakhstan",
        PURPOSE,
        "No., Name, Role, Country",
        "Lines as of now</dt><dd>1",
        "/approve",
        "/refuse",
    ):
        assert shown in page, shown
    morning = second.office.get("/office/")
    assert f'href="{where}"' in morning and "Deliveries that wait for your yes" in morning
    assert "Nothing waits for you" not in morning
    assert f'href="{where}"' not in desk.office.get("/office/")
    second.office.saved(f"{where}/approve")
    [found] = rows(desk.office.app)
    assert (found.state, found.approved_by) == (DeliveryState.QUEUED, 2)
    assert acts(desk.office) == ["delivery.asked", "delivery.approved"]
    assert "Approved by nora@example.org" in desk.office.get(where)
    under_way = desk.office.get("/office/").split('id="work"')[1].split("</section>")[0]
    assert f'href="{where}"' in under_way


def test_the_second_person_refuses_with_a_reason(desk: Desk, second: Desk) -> None:
    where = desk.ask()
    answer = second.office.post(f"{where}/refuse", reason=" ")
    assert answer.status_code == 422 and "Write why" in answer.text
    second.office.saved(f"{where}/refuse", reason="The ministry has it already.")
    page = desk.office.get(where)
    assert "Refused" in page and "The ministry has it already." in page and f'href="{desk.path}/new"' in page
    assert second.office.post(f"{where}/approve").headers["Location"] == where
    assert [row.state for row in rows(desk.office.app)] == [DeliveryState.REFUSED]


def test_who_asked_hears_that_it_is_ready_and_nobody_else(desk: Desk, second: Desk) -> None:
    where = desk.ask()
    desk.campaign.work()
    assert news(desk, EMAIL) == []
    second.office.saved(f"{where}/approve")
    desk.campaign.work()
    assert rows(desk.office.app)[0].state == DeliveryState.READY
    [told] = news(desk, EMAIL)
    assert "is ready" in told and f"http://localhost{where}\n" in told and news(desk, "nora@example.org") == []


def test_who_asked_hears_that_it_was_refused_and_reads_why_in_the_office(desk: Desk, second: Desk) -> None:
    where = desk.ask()
    second.office.saved(f"{where}/refuse", reason="The ministry has it already.")
    desk.campaign.work()
    [told] = news(desk, EMAIL)
    assert "was refused" in told and f"http://localhost{where}\n" in told and "ministry" not in told


def test_who_asked_hears_that_it_failed(desk: Desk) -> None:
    where = desk.ask()
    with desk.office.app.app_context():
        db.session.execute(update(Job).values(attempts=ATTEMPTS).where(Job.kind == asking.MAKE))
        db.session.commit()
    desk.campaign.work()
    [told] = news(desk, EMAIL)
    assert "could not be made" in told and f"http://localhost{where}\n" in told


def test_alone_at_its_page_nobody_is_mailed_but_after_five_minutes(desk: Desk) -> None:
    desk.ask()
    desk.campaign.work()
    assert news(desk, EMAIL) == []
    desk.ask()
    with desk.office.app.app_context():
        early = clock.now() - timedelta(minutes=6)
        db.session.execute(update(Delivery).values(created_at=early).where(Delivery.state == DeliveryState.QUEUED))
        db.session.commit()
    desk.campaign.work()
    assert ["is ready" in told for told in news(desk, EMAIL)] == [True]


def test_the_database_refuses_the_asker_as_the_second_person(desk: Desk, second: Desk) -> None:
    desk.ask()
    with desk.office.app.app_context(), pytest.raises(IntegrityError, match="second_person"):
        db.session.execute(update(Delivery).values(approved_by=Delivery.created_by))


def test_the_switch_decides_whether_it_waits(desk: Desk, second: Desk) -> None:
    turn(desk.office.app, "off")
    desk.ask()
    turn(desk.office.app, "on")
    desk.ask()
    with desk.office.app.app_context():
        db.session.execute(update(CodeApp).values(confirmed_at=None))
        db.session.commit()
    alone = desk.ask()
    assert "Nobody else can say yes at the moment" in desk.office.get(alone)
    turn(desk.office.app, "auto")
    desk.ask()
    states = [row.state.value for row in rows(desk.office.app)]
    assert states == ["queued", "waiting", "waiting", "queued"]


@pytest.mark.parametrize(("role", "where", "waits"), [
    (OfficeRole.ORGANISER, "this", True), (OfficeRole.ORGANISER, "other", False), (OfficeRole.MODERATOR, "this", False),
    (OfficeRole.OWNER, "every", True),
])  # fmt: skip
def test_only_who_may_hand_over_this_case_is_a_second_person(
    desk: Desk, second: Desk, role: OfficeRole, where: str, waits: bool
) -> None:
    elsewhere = make_campaign(desk.office.app)
    with desk.office.app.app_context():
        of = {"this": desk.campaign.id, "other": elsewhere.id}
        case_id = db.session.get_one(Petition, of[where]).case_id if where in of else None
        nora = organiser_services.find("nora@example.org")
        assert nora is not None
        held = update(Membership).where(Membership.organiser_id == nora.id)
        db.session.execute(held.values(role=role, case_id=case_id))
        db.session.commit()
    desk.ask()
    assert (rows(desk.office.app)[0].state == DeliveryState.WAITING) is waits


def test_progress_is_shown_and_it_may_be_cancelled_until_it_is_ready(desk: Desk) -> None:
    where = desk.ask()
    set_state(desk.office.app, DeliveryState.MAKING, stage="lines", done=250, total=1000)
    page = desk.office.get(where)
    assert (
        "Freezing the list, 250 of 1,000" in page
        and "25 percent done" in page
        and "Look again" in page
        and "progress.js" in page
    )
    assert "25 percent" in desk.office.get("/office/")
    desk.office.saved(f"{where}/cancel")
    assert "Cancelled" in desk.office.get(where)
    assert desk.office.post(f"{where}/cancel").headers["Location"] == where
    assert acts(desk.office) == ["delivery.asked", "delivery.cancelled"]


def test_a_failure_says_what_to_do(desk: Desk) -> None:
    where = desk.ask()
    set_state(desk.office.app, DeliveryState.FAILED, reason="disk")
    page = desk.office.get(where)
    assert "too full for this pack" in page and "then ask again" in page and f'href="{desk.path}/new"' in page


def test_a_pack_is_fetched_whole_under_a_neutral_name_and_each_time_is_noted(desk: Desk) -> None:
    where, found = desk.made()
    assert "Nobody has fetched it yet" in desk.office.get(where)
    answer = desk.office.client.post(f"{where}/fetch", data={"csrf_token": desk.office.token()}, buffered=False)
    assert acts(desk.office) == ["delivery.fetched"], "before the first byte"
    assert answer.data == PACK and answer.headers["Content-Length"] == str(len(PACK))
    assert answer.headers["Content-Disposition"] == f'attachment; filename="delivery-{found.public_id}.zip"'
    assert answer.headers["Content-Type"] == "application/zip" and answer.headers["Cache-Control"] == "no-store"
    page = desk.office.get(where)
    assert "Nobody has fetched" not in page and page.count(EMAIL) >= 2
    with desk.office.app.app_context():
        [entry] = db.session.scalars(select(AuditEntry).where(AuditEntry.act == "delivery.fetched")).all()
        assert (entry.subject, entry.actor) == (f"{desk.campaign.slug}:{found.public_id}", EMAIL)


def test_what_is_not_there_is_not_fetched_and_not_noted(desk: Desk) -> None:
    where, _found = desk.made()
    store_path = desk.office.app.config["UNDERSIGNED"].data / "deliveries"
    for path in store_path.iterdir():
        path.unlink()
    assert desk.office.saved(f"{where}/fetch") == where
    assert "not in the store" in desk.office.get(where)
    set_state(desk.office.app, DeliveryState.EXPIRED)
    assert desk.office.saved(f"{where}/fetch") == where
    assert "make a new delivery" in desk.office.get(where) and acts(desk.office) == []


def test_the_page_says_what_was_made_and_how_it_is_checked(desk: Desk) -> None:
    where, found = desk.made(lines=1234, counted=5, withheld=6)
    with desk.office.app.app_context():
        db.session.add(Correction(delivery_id=found.id, number=3, reason="withdrawn", sent_at=clock.now()))
        db.session.add(Correction(delivery_id=found.id, number=4, reason="withdrawn"))
        db.session.commit()
    page = desk.office.get(where)
    for shown in (
        "1,234", f'href="http://localhost/deliveries/{found.public_id}"', hashlib.sha256(PACK).hexdigest(),
        hashlib.sha256(b"1,Ada").hexdigest(), "Lines that have left since</dt><dd>2, the recipient was told of 1",
    ):  # fmt: skip
        assert shown in page, shown
    assert re.search(r"<code>(?:[0-9a-f]{4} ){7}[0-9a-f]{4}</code>", page)
    listed = desk.office.get(desk.path)
    assert f'href="{where}"' in listed and "1,234" in listed and f"/deliveries/{found.public_id}" in listed


def test_the_cover_sheets_code_is_shown_on_asking_and_noted(desk: Desk) -> None:
    where, _found = desk.made(cover_code_digest=hashlib.sha256(b"ABCDEFGH2345").digest())
    assert CODE not in desk.office.get(where)
    answer = desk.office.post(f"{where}/code")
    assert answer.status_code == 200 and CODE in answer.text and answer.headers["Cache-Control"] == "no-store"
    assert acts(desk.office) == ["delivery.code_shown"] and CODE not in desk.office.get(where)


def test_a_delivery_of_another_petition_is_not_there(desk: Desk) -> None:
    where, _found = desk.made()
    other = make_campaign(desk.office.app)
    elsewhere = where.replace(f"/petitions/{desk.campaign.id}/", f"/petitions/{other.id}/")
    for act in ("", "/approve", "/refuse", "/cancel", "/fetch", "/code"):
        answer = desk.office.post(elsewhere + act) if act else desk.office.client.get(elsewhere)
        assert answer.status_code == 404, act
