"""One donor whose seal does not open stops nobody else: left out, and noted where organisers or operators look."""

import csv
import io
from datetime import date
from typing import Any

import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from core import clock
from core.db import db
from core.jobs import Job
from core.money import Money
from core.vault import SITE, vault
from donations import news
from donations.books import exports as books
from donations.books import scope
from donations.models import Donation
from donations.offline import services as offline
from donations.offline.models import Means, OfflineGift
from donations.own_page import donors
from donations.own_page.models import Donor
from donations.papers import yearly
from donations.tax import exports as tax_exports
from donations.tax.models import TaxReceipt
from tests.donations.conftest import DONOR, Gift, Stand, World
from tests.donations.events import completed, send
from tests.donations.papers import changed, day, paid, sealed
from tests.donations.stripe_account import Account
from tests.donations.tax import Tax
from tests.donations.test_yearly_notice import NOTICE

CANNOT = "cannot be read"
OTHER = "other@example.org"


def spoil(world: World, table: Any, *conditions: Any) -> None:
    """What is sealed there does not open any more."""
    with world.app.app_context():
        db.session.execute(update(table).where(*conditions).values(blob=b"\0" * 64))
        db.session.commit()


def of(gift: Gift) -> Any:
    return Donation.public_id == gift.public_id


def rows(chunks: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(chunks).decode("utf-8-sig"))))


def test_a_gift_that_does_not_open_keeps_no_other_from_its_donor(world: World, client: FlaskClient) -> None:
    spoilt, fine = world.gift(), world.gift()
    for gift in (spoilt, fine):
        assert send(client, completed(gift)).status_code == 200
    spoil(world, Donation, of(spoilt))
    with world.app.app_context():
        assert donors.gather(limit=1) == 1 and donors.gather(limit=1) == 0
        db.session.commit()
        tied = db.session.scalars(select(Donation.public_id).where(Donation.donor_id.is_not(None)))
        assert list(tied) == [fine.public_id]


def test_the_news_of_a_case_goes_to_the_others(world: World, client: FlaskClient) -> None:
    gifts = [sealed(world, world.gift(), email=f"{name}@example.org", updates=True) for name in "abc"]  # type: ignore[arg-type]
    for gift in gifts:
        changed(world, gift, {"case_id": gifts[0].case_id})
        paid(client, gift, clock.now())
    world.work()
    spoil(world, Donation, of(gifts[0]))
    with world.app.app_context():
        spoilt = db.session.scalars(select(Donation.donor_id).where(of(gifts[1]))).one()
    spoil(world, Donor, Donor.id == spoilt)
    with world.app.app_context():
        case_id = gifts[0].case_id or 0
        last, found = news.ahead(case_id, 0, 10)
        assert [one.email for one in found] == ["c@example.org"] and last
        assert news.estimate(case_id) == 1 and not news.asks(case_id, spoilt or 0, "b@example.org")


def test_the_yearly_notice_goes_to_the_others(world: World, client: FlaskClient) -> None:
    with time_machine.travel(day(2027, 12, 28), tick=True):
        for address in (DONOR, OTHER):
            gift = sealed(world, world.gift(1000, frequency="monthly"), email=address)
            paid(client, gift, day(2027, 5))
        world.work()
    with world.app.app_context():
        index = donors.index_of(DONOR)
    spoil(world, Donor, Donor.email_index == index)
    with time_machine.travel(day(2028, 1, 4), tick=True):
        assert NOTICE in [mail["Subject"] for mail in world.mails_to(OTHER)]
    with world.app.app_context():
        states = db.session.scalars(select(Job.state).where(Job.kind == yearly.KIND))
        assert list(states) == ["done", "done"]


def test_the_accountants_file_has_every_line(stand: Stand) -> None:
    account = Account(stand)
    spoilt, fine = account.given(2500), account.given(2500)
    account.reconciled()
    spoil(stand.world, Donation, of(spoilt))
    with stand.app.app_context():
        month = scope.of_month(f"{clock.now():%Y-%m}")
        written = rows(books.export(month, "csv", names=True, actor="cli"))
    lines = {
        line["gift"].removeprefix("'"): line["donor"] for line in written
    }  # so a cell that begins with - is marked
    assert lines == {spoilt.public_id: CANNOT, fine.public_id: "Dana Donor"}


def test_so_has_the_part_of_gifts_outside_stripe(app: Flask, world: World) -> None:
    with app.app_context():
        vault().prepare(SITE)
        for name in ("Ada", "Bea"):
            offline.enter(
                None, means=Means.CASH, reference=name, money=Money(500, "EUR"), given_on=date(2026, 3, 2), name=name,
                note="", show_name=False, actor="ana@example.org",
            )  # fmt: skip
        db.session.commit()
    spoil(world, OfflineGift, OfflineGift.reference == "Ada")
    with app.app_context():
        written = rows(books.export(scope.of_month("2026-03"), "csv", names=True, actor="cli"))
    assert [line["donor"] for line in written] == [CANNOT, "Bea"]


def test_the_list_of_tax_receipts_has_every_number(app: Flask) -> None:
    tax = Tax(app)
    tax.register()
    for address in (DONOR, OTHER):
        tax.paid(email=address)
        tax.lives(address)
        tax.ask(address)
    spoil(tax.world, TaxReceipt, TaxReceipt.number == 1)
    with app.app_context():
        written = rows(tax_exports.export(clock.now().year, names=True, actor="ana@example.org"))
    assert [line["name"] for line in written] == [CANNOT, "Dana Donor"] and written[0]["amount"] == "25.00"
