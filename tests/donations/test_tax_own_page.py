"""Tax receipts on the donor's own page, in the file of all that is stored, under the clocks, and under the doctor's eyes."""

import json

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update

from core import clock
from core.db import db
from core.findings import Level
from core.jobs import Job
from donations.own_page import data as own_data
from donations.own_page import donors
from donations.tax import keeping, numbering
from donations.tax.models import TaxCounter, TaxReceipt, TaxReceiptLine
from operations import database_checks, retention_checks, retention_run
from tests.donations.conftest import DONOR
from tests.donations.events import completed, refund, send
from tests.donations.own_pages import Visitor
from tests.donations.tax import CANCELLED, COPY, RECEIPT, Tax

YEAR = clock.now().year
HOME = {"name": "Dana M. Donor", "street": "1 Quay", "postal_code": "D02", "place": "Dublin", "country": "IE"}


@pytest.fixture
def tax(app: Flask) -> Tax:
    return Tax(app)


def test_without_a_registration_the_page_says_nothing_of_tax_receipts(tax: Tax, client: FlaskClient) -> None:
    visitor = Visitor(tax.world)
    send(client, completed(tax.world.gift()))
    own = visitor.own()
    assert "tax-title" not in visitor.page(own)
    tax.register()
    tax.register(country="DE", prefix="DE")
    page = visitor.page(own)
    assert (
        "Donors who live in Germany or Ireland get tax receipts" in page and "None has been issued to you yet" in page
    )
    assert "A tax receipt needs your postal address" in page and "Mail me my tax receipts" not in page


def test_an_address_brings_the_receipt_and_the_button_brings_it_again(tax: Tax, client: FlaskClient) -> None:
    tax.register()
    visitor, gift = Visitor(tax.world), tax.world.gift()
    send(client, completed(gift))
    own = visitor.own()
    assert visitor.press(own, "postal", **HOME).status_code == 303
    assert len(tax.letters(RECEIPT)) == 1 and tax.letters(COPY) == []
    page = " ".join(visitor.page(own).split())
    assert f"IE-{YEAR}-00001</th>" in page and "€25" in page and ">Valid</td>" in page and "Dublin" not in page
    pressed = visitor.press(own, "tax")
    assert pressed.status_code == 303 and "on their way to you" in visitor.page(pressed.location)
    assert len(tax.letters(COPY)) == 1
    send(client, refund(gift, 1000))
    tax.world.work()
    page = visitor.page(own)
    assert page.count("Cancelled: it must not be used") == page.count(">Valid</td>") == 1 and "€15" in page
    assert len(tax.letters(CANCELLED)) == 1
    assert visitor.press(own, "forget").status_code == 303
    tax.world.work()
    assert len(tax.receipts()) == 2 and f"IE-{YEAR}-00002" in visitor.page(own), "issued ones stay"


def test_another_address_alone_brings_nothing_anew(tax: Tax, client: FlaskClient) -> None:
    tax.register()
    visitor = Visitor(tax.world)
    send(client, completed(tax.world.gift()))
    own = visitor.own()
    for street in ("1 Quay", "2 Quay"):
        visitor.press(own, "postal", **{**HOME, "street": street})
        tax.world.work()
    assert len(tax.receipts()) == 1 and len(tax.letters(RECEIPT, COPY)) == 1


def test_the_file_of_all_that_is_stored_holds_receipts_and_their_jobs(tax: Tax, client: FlaskClient) -> None:
    tax.register()
    gift = tax.world.gift()
    send(client, completed(gift))
    tax.settle()
    tax.lives()
    tax.ask()
    send(client, refund(gift, 1000))
    tax.world.work()
    with tax.app.app_context():
        donor = donors.find(DONOR)
        assert donor is not None
        file = json.loads(own_data.as_text(donor, {"email": DONOR}))
        kinds = select(Job.key).where(Job.key.contains("tax"))
        jobs = set(db.session.scalars(kinds))
    assert [receipt["sealed"]["street"] for receipt in file["tax_receipts"]] == ["1 Example Street"] * 2
    assert len(jobs) >= 5 and jobs <= {job["key"] for job in file["jobs"]}


def test_name_and_address_on_a_receipt_go_ten_calendar_years_after_that_of_issue(tax: Tax) -> None:
    tax.register()
    tax.paid()
    tax.lives()
    tax.ask()
    with tax.app.app_context():
        for moment, kept in ((f"{YEAR + 10}-12-31T23:00:00Z", True), (f"{YEAR + 11}-01-01T01:00:00Z", False)):
            with time_machine.travel(moment):
                if not kept:
                    assert keeping.overdue(clock.now()) == 1
                    late = retention_checks.retention_clocks(tax.app.config["UNDERSIGNED"])
                    assert "tax receipts" not in late.sentence, "the daily run has its time"
                report = retention_run.run(clock.now())
            assert report.emptied["tax receipts"] == (0 if kept else 1)
            receipt = db.session.scalars(select(TaxReceipt)).one()
            assert (receipt.blob is not None, bool(receipt.key_id)) == (kept, kept)
            assert receipt.amount == 2500 and receipt.number == 1
            db.session.rollback()


def test_the_doctor_tells_of_receipts_kept_too_long(tax: Tax) -> None:
    tax.register()
    tax.paid()
    tax.lives()
    tax.ask()
    with tax.app.app_context(), time_machine.travel(f"{YEAR + 11}-01-20T12:00:00Z"):
        assert "tax receipts" in retention_checks.retention_clocks(tax.app.config["UNDERSIGNED"]).sentence


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        ({}, ""), ({2: 7}, "IE-%s: 2, 4, 5, 6 missing"), ({3: 4}, "IE-%s: 3 missing"),
        ({1: 9}, "1, 4, 5, 6, 7 and 1 more missing"),
    ],
)  # fmt: skip
def test_the_doctor_finds_numbers_that_do_not_run_from_one_to_the_last(
    tax: Tax, numbers: dict[int, int], sentence: str
) -> None:
    tax.register()
    for number in range(3):
        email = f"donor{number}@example.org"
        tax.paid(email=email)
        tax.lives(email)
        tax.ask(email)
    with tax.app.app_context():
        for number, changed in numbers.items():
            db.session.execute(update(TaxReceipt).where(TaxReceipt.number == number).values(number=changed))
        db.session.commit()
        found = database_checks.tax_numbers(tax.app.config["UNDERSIGNED"])
        expected = sentence % YEAR if "%s" in sentence else sentence
        assert expected in found.sentence and (found.level == Level.OK) is (not numbers), found


def test_the_doctor_finds_a_receipt_that_is_gone_and_a_counter_that_is_gone(tax: Tax) -> None:
    tax.register()
    for number in range(3):
        email = f"donor{number}@example.org"
        tax.paid(email=email)
        tax.lives(email)
        tax.ask(email)
    with tax.app.app_context():
        gone = db.session.scalars(select(TaxReceipt).where(TaxReceipt.number == 2)).one()
        db.session.execute(delete(TaxReceiptLine).where(TaxReceiptLine.receipt_id == gone.id))
        db.session.execute(delete(TaxReceipt).where(TaxReceipt.id == gone.id))
        assert numbering.gaps() == [f"IE-{YEAR}: 2 missing"]
        db.session.rollback()
        db.session.execute(delete(TaxCounter))
        assert numbering.gaps() == [f"IE-{YEAR}: numbers that the counter has not given"]
        db.session.rollback()
        assert numbering.gaps() == []
