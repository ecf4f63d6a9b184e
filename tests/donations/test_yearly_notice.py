"""January's notice of regular gifts: once to each donor, and to nobody who should be left alone."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from itertools import count

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text

from core import unsubscribes
from core.db import db
from core.jobs import LEASE, Job, claim
from donations.models import Donation
from donations.own_page.models import Donor
from donations.papers import yearly
from tests.donations.conftest import DONOR, Gift, World, text_of
from tests.donations.events import invoice_paid, invoice_payment_paid, refund, send, subscription
from tests.donations.papers import at, changed, day, paid, pdf_of, said_in, sealed
from tests.factories import make_case

DECEMBER, JANUARY = day(2027, 12, 28), day(2028, 1, 4)
NOTICE = "Your regular gift: what you gave in 2027, and how it goes on"
_numbers = count(1)


@pytest.fixture(autouse=True)
def december(app: Flask) -> Iterator[None]:
    with time_machine.travel(DECEMBER, tick=True):
        yield


def regular(client: FlaskClient, world: World, *moments: datetime, **how: str) -> Gift:
    """A regular gift with a payment at each moment, of a donor with an address of their own or the usual one."""
    gift = sealed(world, world.gift(1000, frequency=how.pop("frequency", "monthly")), **how)
    return paid(client, gift, *(moments or (day(2027, 5), day(2027, 6))))


def somebody() -> str:
    return f"donor{next(_numbers)}@example.org"


def notices(world: World, moment: datetime = JANUARY, address: str = DONOR) -> list[EmailMessage]:
    """Works at that moment, then the notices to an address."""
    with time_machine.travel(moment, tick=True):
        return [mail for mail in world.mails_to(address) if mail["Subject"] == NOTICE]


def promised(world: World) -> int:
    with world.app.app_context():
        return db.session.scalar(select(func.count()).where(Job.kind == yearly.KIND)) or 0


def test_the_notice_says_what_was_given_what_goes_on_and_how_to_stop(client: FlaskClient, world: World) -> None:
    gift = regular(client, world)
    for body in (subscription(gift), invoice_payment_paid(gift), refund(gift, 400)):
        send(client, body)
    paid(client, world.gift(2500, "USD"), day(2027, 7))
    (mail,) = notices(world)
    words = " ".join(text_of(mail).split())
    name, reader = pdf_of(mail)
    for said in (
        "Hello Dana Donor", "€16 $25", "€10 every month. For: Media fund. The next payment is due on 27 January 2028.",
        "the name that Undersigned demo has with Stripe. It stays so as long as the gift goes on.",
        "to stop, open your own page", "works for 30 days",
    ):  # fmt: skip
        assert said in words, said
    assert "DONATION" not in words, "Stripe takes no word of ours for a regular gift"
    assert name == "gifts-2027.pdf" and bool(reader.trailer["/Root"]["/MarkInfo"]["/Marked"])
    assert "Total €20.00 €4.00 €16.00" in said_in(reader) and "Total $25.00" in said_in(reader)
    assert world.page_owner(mail) == DONOR


def test_the_notice_tells_how_to_be_spared_the_next_and_that_holds(client: FlaskClient, world: World) -> None:
    regular(client, world)
    (mail,) = notices(world)
    with world.app.app_context():
        token = unsubscribes.token_of(DONOR)
    assert mail["List-Unsubscribe"].strip() == f"<http://localhost/unsubscribe/{token}>"
    assert f"http://localhost/unsubscribe/{token}" in text_of(mail)
    assert client.post(f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"}).status_code == 200
    send(client, at(invoice_paid(world.gift(1000, frequency="monthly")), day(2028, 2)))
    with time_machine.travel(day(2029, 1, 4), tick=True):
        world.work()
        mails = [mail["Subject"] for mail in world.mails()]
    assert mails == ["Receipt for your gift"], "receipts go on; last year's mails have been cleared away"
    assert promised(world) == 2


def test_the_notice_comes_once_however_often_the_worker_looks(client: FlaskClient, world: World) -> None:
    regular(client, world)
    regular(client, world, frequency="yearly")
    for moment in (JANUARY, JANUARY + timedelta(hours=1), day(2028, 1, 5)):
        assert len(notices(world, moment)) == 1
    notices(world, day(2028, 1, 31, 23, 59, 0))
    assert promised(world) == 1
    with world.app.app_context():
        mails = db.session.scalars(select(Job.key).where(Job.key.startswith("mail:yearly:"))).all()
    assert len(mails) == 1


@pytest.mark.parametrize(
    "moment", [DECEMBER, day(2028, 1, 1, 0, 0, 0), day(2028, 1, 3, 23, 59, 59), day(2028, 2, 1), day(2028, 12, 31)]
)
def test_outside_january_and_before_the_last_events_are_in_nobody_is_written_to(
    client: FlaskClient, world: World, moment: datetime
) -> None:
    regular(client, world)
    assert notices(world, moment) == [] and promised(world) == 0


def test_only_regular_gifts_of_the_year_before_are_noticed(client: FlaskClient, world: World) -> None:
    earlier, later, once, last = (somebody() for _ in range(4))
    regular(client, world, day(2026, 12, 31, 23, 59, 59), email=earlier)
    regular(client, world, day(2028, 1, 1, 0, 0, 0), email=later)
    paid(client, sealed(world, world.gift(), email=once), day(2027))
    regular(client, world, day(2027, 12, 31, 23, 59, 59), email=last)
    assert [len(notices(world, address=address)) for address in (earlier, later, once, last)] == [0, 0, 0, 1]


def test_neither_the_erased_nor_who_wants_no_mail_gets_one(client: FlaskClient, world: World) -> None:
    erased, gift_erased, spared, other = (somebody() for _ in range(4))
    for address in (erased, spared, other):
        regular(client, world, email=address)
    changed(world, regular(client, world, email=gift_erased), {"blob": None})
    world.work()
    with world.app.app_context():
        donor = db.session.scalars(select(Donor).order_by(Donor.id)).first()
        assert donor is not None
        donor.blob, donor.email_index = None, None
        unsubscribes.stop(unsubscribes.token_of(spared))
        db.session.commit()
    assert [len(notices(world, address=address)) for address in (erased, gift_erased, spared, other)] == [0, 0, 0, 1]
    assert promised(world) == 2, "spared is who wants no mail, where it is sent"


def test_who_is_erased_between_promise_and_writing_gets_none(client: FlaskClient, world: World) -> None:
    regular(client, world)
    world.work()
    with time_machine.travel(JANUARY, tick=True), world.app.app_context():
        assert yearly.promise_due()
        donor = db.session.scalars(select(Donor)).one()
        donor.blob, donor.email_index = None, None
        db.session.commit()
    assert promised(world) == 1 and notices(world) == []
    with world.app.app_context():
        assert db.session.scalars(select(Job.state).where(Job.kind == yearly.KIND)).all() == ["done"]


def test_a_gift_erased_of_a_donor_who_stays_is_not_spoken_of(client: FlaskClient, world: World) -> None:
    regular(client, world)
    gone = regular(client, world)
    world.work()
    changed(world, gone, {"blob": None})
    (mail,) = notices(world)
    assert "Payments 2" in said_in(pdf_of(mail)[1]) and text_of(mail).count("every month") == 1


def test_what_goes_on_is_told_as_it_stands_now(client: FlaskClient, world: World) -> None:
    changed_amount, paused, ended = (regular(client, world) for _ in range(3))
    open_end, yearly_gift = regular(client, world), regular(client, world, frequency="yearly")
    price = {"id": "p", "unit_amount": 1500, "currency": "eur", "product": "q"}
    until = int(day(2028, 3, 1).timestamp())
    item = subscription(changed_amount)["data"]["object"]["items"]["data"][0] | {"price": price}
    for body in (
        subscription(changed_amount, items={"object": "list", "data": [item]}), subscription(yearly_gift),
        subscription(paused, pause_collection={"behavior": "void", "resumes_at": until}),
        subscription(open_end, pause_collection={"behavior": "void", "resumes_at": None}),
        subscription(ended, "deleted", "canceled"),
    ):  # fmt: skip
        assert send(client, body).status_code == 200
    with world.app.app_context():
        changed(world, changed_amount, {"case_id": make_case(fund_title="Legal fund").id})
    (mail,) = notices(world)
    words = " ".join(text_of(mail).split())
    assert "€15 every month. For: Legal fund. The next payment is due on" in words
    assert "It is paused and goes on by itself on 1 March 2028." in words and "It is paused until you let it" in words
    assert "€10 every year. For: Media fund." in words and words.count(" every month. For:") == 3


def test_ended_gifts_are_said_to_have_ended(client: FlaskClient, world: World) -> None:
    gift = regular(client, world)
    send(client, subscription(gift, "deleted", "canceled"))
    (mail,) = notices(world)
    words = " ".join(text_of(mail).split())
    assert "have ended, and nothing more is taken" in words and "What goes on" not in words
    assert "Total €20.00" in said_in(pdf_of(mail)[1])


def test_a_tick_takes_a_share_and_the_next_goes_on(
    client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = [somebody() for _ in range(5)]
    for address in addresses:
        regular(client, world, email=address)
    world.work()
    monkeypatch.setattr(yearly, "AT_ONCE", 2)
    with time_machine.travel(JANUARY, tick=True), world.app.app_context():
        shares = [(yearly.promise_due(), promised(world)) for _ in range(4)]
    assert shares == [(True, 2), (True, 4), (True, 5), (False, 5)]
    assert [len(notices(world, address=address)) for address in addresses] == [1] * 5


def test_workers_that_look_at_once_and_one_that_is_killed_lose_none_and_double_none(
    app: Flask, client: FlaskClient, world: World
) -> None:
    addresses = [somebody() for _ in range(3)]
    for address in addresses:
        regular(client, world, email=address)
    world.work()
    together = threading.Barrier(3)

    def look() -> None:
        with app.app_context():
            together.wait()
            yearly.promise_due()
            db.session.remove()

    with time_machine.travel(JANUARY, tick=True):
        workers = [threading.Thread(target=look) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        with app.app_context():  # a worker that took one of them and was never seen again
            taken = claim(JANUARY + timedelta(minutes=1), Job.kind == yearly.KIND)
            assert taken is not None and taken.state == "running"
    assert promised(world) == 3
    after = JANUARY + LEASE + timedelta(minutes=2)
    assert [len(notices(world, after, address)) for address in addresses] == [1, 1, 1]


def test_with_nothing_to_do_the_tick_takes_no_write_lock(app: Flask, client: FlaskClient, world: World) -> None:
    regular(client, world)
    assert len(notices(world)) == 1
    with time_machine.travel(JANUARY, tick=True), app.app_context():
        engine = db.engine
        with engine.connect() as other:  # writes, and does not end
            other.execute(text("UPDATE donations SET source = 'x'"))
            assert yearly.promise_due() is False
            other.rollback()
        assert db.session.scalars(select(Donation.source)).one() is None
