"""A donor's own page, reached by mailed links: what it shows, what it changes, and what it tells nobody else."""

import re
import secrets
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import func, select

from core import clock
from core.db import db
from core.jobs import Job
from donations.models import Donation, Payment
from donations.own_page import donors
from donations.own_page.models import Donor, DonorLink
from tests.donations.conftest import DONOR, Gift, Stand, World, sibling
from tests.donations.events import completed, invoice_paid, refund, send, subscription
from tests.donations.own_pages import Visitor, donation
from tests.donations.stripe_account import Account

OTHER = "second@example.org"


@pytest.fixture
def visitor(world: World) -> Visitor:
    return Visitor(world)


@pytest.fixture
def account(stand: Stand) -> Account:
    return Account(stand)


def given(world: World, minor: int = 2500, frequency: str = "once", **more: Any) -> Gift:
    """A gift that Stripe has confirmed."""
    gift = world.gift(minor, frequency=frequency, **more)
    client = world.app.test_client()
    if frequency != "once":
        assert send(client, subscription(gift, "created")).status_code == 200
        assert send(client, invoice_paid(gift)).status_code == 200
    assert send(client, completed(gift)).status_code == 200
    return gift


def opened(world: World) -> dict[str, Any]:
    """What is sealed of the only donor who is not erased."""
    with world.app.app_context():
        return donors.open_person(db.session.scalars(select(Donor).where(Donor.erased_at.is_(None))).one())


def count(world: World, table: Any, *conditions: Any) -> int:
    with world.app.app_context():
        return db.session.scalar(select(func.count()).select_from(table).where(*conditions)) or 0


def test_every_receipt_leads_to_the_page_and_the_page_shows_what_is_in_clear(world: World, visitor: Visitor) -> None:
    gift = given(world, 2500)
    page = visitor.page(visitor.own())
    assert "€25" in page and "Paid" in page and str(clock.now().year) in page
    assert DONOR not in page and "Dana" not in page and gift.session_id not in page
    answer = visitor.client.get(visitor.own())
    assert answer.headers["Cache-Control"] == "no-store" and "noindex" in answer.headers["X-Robots-Tag"]


def test_gifts_of_one_mailbox_stand_on_one_page_and_of_another_on_another(world: World, visitor: Visitor) -> None:
    given(world, 2500), given(world, 4000)
    page = visitor.page(visitor.own())
    assert "€25" in page and "€40" in page and "€65" in page and count(world, Donor) == 1


def test_who_asks_learns_nothing_and_only_a_donor_is_mailed(world: World, visitor: Visitor) -> None:
    given(world)
    world.work()
    known, unknown = visitor.ask_for_link(), visitor.ask_for_link("nobody@example.org")
    assert known.status_code == unknown.status_code == 303 and known.location == unknown.location
    assert dict(known.headers) == dict(unknown.headers)
    assert visitor.subjects()[-1] == "Your link" and visitor.subjects("nobody@example.org") == []
    spelt = visitor.ask_for_link(DONOR.upper())
    assert spelt.status_code == 303 and visitor.subjects().count("Your link") == 2
    visitor.page(visitor.own())


def test_a_gift_of_before_there_were_donors_is_found_too(world: World, visitor: Visitor) -> None:
    gift = given(world)
    world.work()
    with world.app.app_context():
        db.session.execute(db.update(Donation).values(donor_id=None))
        db.session.execute(db.delete(DonorLink))
        db.session.execute(db.delete(Donor))
        db.session.commit()
    visitor.ask_for_link()
    assert visitor.subjects()[-1] == "Your link" and donation(world, gift.public_id).donor_id is not None


def test_five_links_a_week_and_no_more(world: World, visitor: Visitor) -> None:
    given(world)
    mails = (Job.kind == "mail", Job.key.startswith("mail:donor_link:"))
    for day, all_in_all in (("2031-03-03", 5), ("2031-03-10", 6)):
        with time_machine.travel(f"{day} 09:00Z", tick=False):
            for _press in range(7 if all_in_all == 5 else 1):
                visitor.ask_for_link()
                world.work()
            assert count(world, Job, *mails) == all_in_all


def test_who_never_wants_mail_gets_no_link(world: World, visitor: Visitor) -> None:
    given(world)
    world.work()
    with world.app.app_context():
        from core import unsubscribes

        unsubscribes.stop(unsubscribes.token_of(DONOR))
        db.session.commit()
    visitor.ask_for_link()
    assert "Your link" not in visitor.subjects()


def test_a_wrong_address_keeps_what_was_typed_and_says_what_to_do(visitor: Visitor) -> None:
    answer = visitor.ask_for_link("nobody at home")
    assert answer.status_code == 422 and "nobody at home" in answer.text and "There is a problem" in answer.text
    assert visitor.ask_for_link(token="x").status_code == 422


@pytest.mark.parametrize("link", ["x" * 43, "short", "é" * 43])
def test_a_link_that_is_none_says_how_to_get_one(visitor: Visitor, link: str) -> None:
    answer = visitor.client.get(f"/donations/manage/{link}")
    assert answer.status_code == 404 and "Mail me a new link" in answer.text


def test_a_link_ends_after_thirty_days_and_is_forgotten(world: World, visitor: Visitor) -> None:
    given(world)
    own = visitor.own()
    with time_machine.travel(clock.now() + timedelta(days=29, hours=23)):
        assert visitor.client.get(own).status_code == 200
    with time_machine.travel(clock.now() + timedelta(days=30, minutes=5)):
        assert visitor.client.get(own).status_code == 404
        world.work()
        assert count(world, DonorLink) == 0


def test_51_another_donors_gift_is_not_found_by_any_door(world: World, visitor: Visitor, app: Any) -> None:
    given(world, frequency="monthly")
    own = visitor.own()
    with app.app_context():
        other = db.session.scalars(select(Donation)).one()
        stranger = donors.open_person(db.session.scalars(select(Donor)).one())
    assert stranger["email"] == DONOR
    theirs = world.gift(1000, frequency="monthly")  # nobody's yet
    for act in ("stop", "pause", "resume", "amount", "card"):
        assert visitor.press_on(own, theirs.public_id, act, months="1", amount="12").status_code == 404
        assert visitor.press_on(own, secrets.token_urlsafe(16), act).status_code == 404
    assert visitor.client.get(f"{own}/gift/{theirs.public_id}/stop").status_code == 404
    assert visitor.client.get(f"{own}/gift/{other.public_id}/stop").status_code == 200


def test_looking_changes_nothing(world: World, visitor: Visitor) -> None:
    gift = given(world, frequency="monthly")
    own, before = visitor.own(), count(world, Job)
    for act in ("postal", "forget", "email", "unlist", "tax", "data", "links", "erase"):
        assert visitor.client.get(f"{own}/own/{act}").status_code == 200
    for act in ("amount", "pause", "stop"):
        assert visitor.client.get(f"{own}/gift/{gift.public_id}/{act}").status_code == 200
    assert count(world, Job) == before and visitor.client.get(own).status_code == 200


def test_what_went_back_is_said_at_its_payment(world: World, visitor: Visitor) -> None:
    gift = given(world, 2500)
    assert send(world.app.test_client(), refund(gift, 500)).status_code == 200
    page = visitor.page(visitor.own())
    assert "€5 went back to you" in page and "€20" in page


def test_a_monthly_gift_is_changed_paused_resumed_and_stopped_by_its_donor(account: Account) -> None:
    world, gift = account.stand.world, account.given(1000, frequency="monthly")
    visitor = Visitor(world)
    own = visitor.own()
    assert "€10 a month" in visitor.page(own)
    answer = visitor.press_on(own, gift.public_id, "amount", amount="15,50")
    assert answer.status_code == 303 and "on its way to Stripe" in visitor.page(answer.location)
    world.work()
    assert "€15.50 a month" in visitor.page(own)
    visitor.press_on(own, gift.public_id, "pause", months="2")
    world.work()
    until = clock.day(clock.months_later(clock.now(), 2).date())
    assert f"Nothing is taken before {until}" in visitor.page(own) and "Pause this gift" not in visitor.page(own)
    visitor.press_on(own, gift.public_id, "resume")
    world.work()
    assert "It goes on." in visitor.page(own)
    stopped = visitor.press_on(own, gift.public_id, "stop")
    again = visitor.press_on(own, gift.public_id, "stop")
    assert stopped.status_code == again.status_code == 303 and stopped.location == again.location
    world.work()
    account.stand.deliver()
    assert "It has ended." in visitor.page(own) and "Stop this gift" not in visitor.page(own)
    assert visitor.subjects().count("Your regular gift has ended") == 1
    assert {"Your regular gift is paused", "Your regular gift goes on"} <= set(visitor.subjects())


@pytest.mark.parametrize(
    ("act", "fields", "sentence"),
    [
        ("amount", {"amount": ""}, "plain digits"), ("amount", {"amount": "0.10"}, "smallest gift"),
        ("amount", {"amount": "1e9"}, "plain digits"), ("amount", {"amount": "9" * 30}, "plain digits"),
        ("pause", {"months": "13"}, "how many months"), ("pause", {"months": "0"}, "how many months"),
        ("pause", {}, "how many months"),
    ],
)  # fmt: skip
def test_a_change_that_cannot_be_made_is_said(
    world: World, visitor: Visitor, act: str, fields: dict[str, str], sentence: str
) -> None:
    gift = given(world, frequency="monthly")
    answer = visitor.press_on(visitor.own(), gift.public_id, act, **fields)
    assert answer.status_code == 422 and sentence in answer.text
    assert count(world, Job, Job.kind == "donations.change") == 0


def test_a_card_is_changed_at_stripe_which_learns_no_secret_address(account: Account) -> None:
    world, gift = account.stand.world, account.given(1000, frequency="monthly")
    visitor = Visitor(world)
    own = visitor.own()
    answer = visitor.press_on(own, gift.public_id, "card")
    assert answer.status_code == 303 and answer.location.startswith(account.stand.url)
    sent = account.stand.store
    with sent.reading() as ledger:
        rows, _more = ledger.page("billing_portal.session", [], limit=10, cursor={})
    assert rows[0]["return_url"].endswith("/donations/manage/mail/card") and own.rsplit("/", 1)[1] not in str(rows)
    assert account.stand.url in visitor.client.get(own).headers["Content-Security-Policy"]
    assert "Back from Stripe" in visitor.page("/donations/manage/mail/card")


def test_a_stripe_that_is_away_is_said_and_the_page_stays(account: Account) -> None:
    world, gift = account.stand.world, account.given(1000, frequency="monthly")
    own = Visitor(world).own()
    away = Visitor(World(sibling(world.app, STRIPE_API_BASE="http://127.0.0.1:9")))
    answer = away.press_on(own, gift.public_id, "card")
    assert answer.status_code == 503 and "Nothing was changed" in answer.text and answer.headers["Retry-After"]


def test_a_postal_address_is_sealed_replaced_and_deleted(world: World, visitor: Visitor) -> None:
    given(world)
    own = visitor.own()
    home = {"name": "Dana M. Donor", "street": "1 Quay", "postal_code": "D02", "place": "Dublin", "country": "IE"}
    assert visitor.press(own, "postal", **home).status_code == 303
    world.work()
    assert opened(world)["postal"] == {name: value for name, value in home.items() if name != "name"}
    assert opened(world)["name"] == "Dana M. Donor" and "You gave a postal address" in visitor.page(own)
    assert "Quay" not in visitor.page(own)
    wrong = visitor.press(own, "postal", **{**home, "country": "XX", "place": ""})
    assert wrong.status_code == 422 and "1 Quay" in wrong.text and "Write the town." in wrong.text
    visitor.press(own, "forget")
    world.work()
    assert "postal" not in opened(world) and "You have given no postal address" in visitor.page(own)


def test_a_new_address_counts_once_it_is_proved(world: World, visitor: Visitor) -> None:
    given(world, frequency="monthly")
    own = visitor.own()
    visitor.press(own, "email", email=OTHER)
    proof = visitor.proof(OTHER)
    assert opened(world)["email"] == DONOR and visitor.client.get(proof).status_code == 200
    assert opened(world)["email"] == DONOR  # looking proves nothing
    pressed = [visitor.client.post(proof, data={"token": visitor.token()}) for _twice in range(2)]
    assert [answer.status_code for answer in pressed] == [303, 303]
    assert "Your address has changed" in visitor.subjects(OTHER) and "Your address has changed" in visitor.subjects()
    assert opened(world)["email"] == OTHER and visitor.client.get(own).status_code == 404
    assert visitor.client.post(proof, data={"token": visitor.token()}).status_code == 303
    visitor.page(visitor.own(OTHER))
    visitor.ask_for_link(DONOR)
    assert "Your link" not in visitor.subjects()  # the old mailbox is nobody's


def test_only_the_last_new_address_can_be_proved(world: World, visitor: Visitor) -> None:
    given(world)
    own = visitor.own()
    visitor.press(own, "email", email=OTHER)
    first = visitor.proof(OTHER)
    visitor.press(own, "email", email="third@example.org")
    world.work()
    visitor.client.post(first, data={"token": visitor.token()})
    world.work()
    assert opened(world)["email"] == DONOR


def test_two_mailboxes_of_one_donor_become_one_page(world: World, visitor: Visitor, app: Any) -> None:
    given(world, 2500)
    own = visitor.own()
    second = given(world, 4000)
    world.work()
    with app.app_context():  # the second gift came from the other mailbox
        from core.vault import SITE, vault
        from donations.checkout_services import SEALED_CONTEXT, open_donor

        vault().prepare(SITE)
        gift = db.session.scalars(select(Donation).where(Donation.public_id == second.public_id)).one()
        box = vault().seal(SITE, SEALED_CONTEXT, gift.public_id, {**open_donor(gift), "email": OTHER})
        gift.key_id, gift.data_key_id, gift.blob, gift.donor_id = box.key_id, box.data_key_id, box.blob, None
        db.session.commit()
    world.work()
    assert count(world, Donor) == 2 and "€40" not in visitor.page(own)
    visitor.press(own, "email", email=OTHER)
    visitor.client.post(visitor.proof(OTHER), data={"token": visitor.token()})
    page = visitor.page(visitor.own(OTHER))
    assert "€25" in page and "€40" in page and count(world, Donor, Donor.erased_at.is_(None)) == 1


def test_ended_links_open_nothing_and_a_new_one_is_mailed(world: World, visitor: Visitor) -> None:
    given(world)
    own = visitor.own()
    assert visitor.press(own, "links").location.endswith("/mail/renewed")
    assert visitor.client.get(own).status_code == 404
    fresh = visitor.own()
    assert fresh != own and visitor.client.get(fresh).status_code == 200


def test_sixty_wishes_an_hour_and_leaving_is_never_refused(world: World, stand: Stand) -> None:
    from tests.petitions.guarded import limits_on

    given(world, frequency="monthly")
    own = Visitor(world).own()
    with limits_on(world.app):
        visitor = Visitor(world)
        answers = [visitor.press(own, "data").status_code for _press in range(61)]
        assert answers[:60] == [303] * 60 and answers[60] == 429
        assert visitor.press(own, "erase").status_code == 303


def test_receipt_and_year_come_by_mail_once_an_hour(world: World, visitor: Visitor) -> None:
    given(world, 2500)
    own = visitor.own()
    page = visitor.page(own)
    number = re.search(r'name="number" value="(\d+)"', page)
    assert number
    with time_machine.travel(clock.to_hour(clock.now()) + timedelta(hours=1)):
        for _twice in range(2):
            answers = [
                visitor.press_paper(own, "receipt", number[1]),
                visitor.press_paper(own, "summary", str(paid_in(world))),
            ]
            assert [answer.status_code for answer in answers] == [303, 303]
            assert "A mail is on its way" in visitor.page(answers[0].location)
        mails = world.mails_to(DONOR)
    files = [part.get_filename() for mail in mails for part in mail.iter_attachments()]
    assert len(files) == 3 and files[-1] == f"gifts-{paid_in(world)}.pdf"


@pytest.mark.parametrize(("number", "status"), [("999999", 404), ("", 422), ("-1", 422), ("٣", 422), ("9" * 16, 422)])
def test_no_receipt_of_what_is_not_theirs(world: World, visitor: Visitor, number: str, status: int) -> None:
    given(world, 2500)
    own = visitor.own()
    assert visitor.press_paper(own, "receipt", number).status_code == status
    assert visitor.press_paper(own, "summary", number).status_code == status


def paid_in(world: World) -> int:
    with world.app.app_context():
        return db.session.scalars(select(Payment.paid_at)).one().year  # type: ignore[union-attr]
