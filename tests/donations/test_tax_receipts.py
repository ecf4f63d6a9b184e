"""Tax receipts: issued to donors with an address in a registered country, numbered without a gap, mailed as a PDF."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core import clock
from core.db import db
from core.jobs import Job
from core.vault import SITE, vault
from donations.models import Payment
from donations.own_page import donors
from donations.own_page.models import Donor
from donations.tax import jobs, numbering, registrations
from donations.tax import services as tax_services
from donations.tax.models import TaxReceipt, TaxReceiptLine
from donations.tax.seals import open_receipt
from tests.donations.conftest import DONOR, World, text_of
from tests.donations.events import completed, invoice_paid, send, subscription
from tests.donations.tax import COPY, RECEIPT, REGISTRATION, STREET, Tax, attached, day, words

YEAR = clock.now().year


@pytest.fixture
def tax(app: Flask) -> Tax:
    site = Tax(app)
    site.register()
    return site


def test_a_gift_once_of_a_donor_with_an_address_is_receipted_by_itself(tax: Tax, client: FlaskClient) -> None:
    tax.paid()
    tax.lives()
    gift = tax.world.gift(4000)
    send(client, completed(gift))
    tax.world.work()
    assert tax.receipts() == [(f"{YEAR}-00001", 6500, True)]
    (mail,) = tax.letters(RECEIPT)
    name, document = attached(mail)
    assert name == f"IE-{YEAR}-00001.pdf"
    said = words(document)
    for what in (
        f"Tax receipt IE-{YEAR}-00001", "Examples for Freedom CLG", "2 Sample Quay", "Dublin 2", "CHY 00000",
        "Revenue, Charities Section", "Dana Donor", "1 Example Street", "T12 X0X0 Cork", "Ireland", "€25.00", "€40.00",
        "€65.00", clock.day(clock.now().date()), "section of the Example Act", f"{clock.now():%Y%m%d}-",
    ):  # fmt: skip
        assert what in said, what
    assert "Cancelled" not in said
    text = mail.get_content() if not mail.is_multipart() else mail.get_body().get_content()  # type: ignore[union-attr]
    assert "/donations/manage/" in text and f"IE-{YEAR}-00001" in text and "€65" in text


def test_the_document_is_tagged_titled_and_in_the_donors_language(tax: Tax) -> None:
    tax.paid()
    tax.lives()
    with tax.app.app_context():
        db.session.scalars(select(Donor)).one().language = "de"
        db.session.commit()
    tax.ask()
    (mail,) = tax.letters(RECEIPT)
    _, document = attached(mail)
    root = document.trailer["/Root"]
    assert root["/Lang"] == "de" and "/StructTreeRoot" in root and bool(root["/MarkInfo"]["/Marked"])
    assert document.metadata and document.metadata.title and f"IE-{YEAR}-00001" in document.metadata.title
    assert "25,00 €" in words(document).replace("\N{NO-BREAK SPACE}", " ") and "Irland" in words(document)
    assert REGISTRATION["wording"] in words(document)


def test_what_organisers_and_donors_wrote_is_printed_and_never_evaluated(app: Flask) -> None:
    tax, hostile = Tax(app), '#panic("x") *a* _b_ $x$ <label> @ref'
    tax.register(wording=f"First line {hostile}\nSecond line", legal_name=hostile, address=hostile)
    tax.paid()
    tax.lives(street=hostile)
    tax.ask()
    said = words(attached(tax.letters(RECEIPT)[0])[1])
    assert said.count('#panic("x") *a* _b_ $x$ <label> @ref') == 4 and "Second line" in said


def test_nothing_is_issued_without_an_address_or_for_a_country_without_registration(tax: Tax) -> None:
    tax.paid()
    tax.ask()
    tax.lives(country="FR")
    tax.ask()
    assert tax.receipts() == [] and tax.letters(RECEIPT) == []
    tax.lives()
    tax.ask()
    assert len(tax.receipts()) == 1


def test_one_receipt_for_each_currency_and_year_and_none_for_older_gifts(tax: Tax) -> None:
    paid = [
        (1000, "EUR", YEAR), (2000, "EUR", YEAR), (3000, "USD", YEAR), (4000, "EUR", YEAR - 1), (5000, "EUR", YEAR - 2),
    ]  # fmt: skip
    for minor, currency, year in paid:
        tax.paid(
            minor, currency=currency, paid_at=day(year, 1, 1).replace(hour=0) if year == YEAR else day(year, 12, 31)
        )
    tax.lives()
    tax.ask()
    assert sorted(amount for _, amount, _ in tax.receipts()) == [3000, 3000, 4000]
    assert [name for name, _, _ in tax.receipts()] == [f"{YEAR}-{number:05}" for number in (1, 2, 3)]
    assert len(tax.letters(RECEIPT)) == 3


def test_the_year_of_a_payment_is_that_of_utc(tax: Tax) -> None:
    tax.paid(1000, paid_at=datetime.fromisoformat(f"{YEAR}-01-01T00:30:00+01:00"))
    tax.paid(2000, paid_at=datetime.fromisoformat(f"{YEAR - 1}-12-31T23:30:00-01:00"))
    tax.lives()
    tax.ask()
    assert sorted(amount for _, amount, _ in tax.receipts()) == [1000, 2000]
    with tax.app.app_context():
        assert {one.year for one in db.session.scalars(select(TaxReceipt))} == {YEAR}, (
            "the number's year is that of issue"
        )


def test_asking_again_issues_nothing_twice_and_mails_a_copy_once_an_hour(tax: Tax) -> None:
    tax.paid()
    tax.lives()
    for _ in range(3):
        tax.ask()
    assert len(tax.receipts()) == len(tax.letters(RECEIPT)) == 1 and tax.letters(COPY) == []
    with time_machine.travel(clock.now().replace(minute=10), tick=False) as moved:
        for _ in range(2):
            tax.ask(copies=True)
        assert len(tax.letters(COPY)) == 1
        moved.shift(timedelta(hours=1))
        tax.ask(copies=True)
        assert len(tax.letters(COPY)) == 2
    assert {attached(mail)[0] for mail in tax.letters(RECEIPT, COPY)} == {f"IE-{YEAR}-00001.pdf"}


def test_a_later_gift_gets_a_further_receipt(tax: Tax) -> None:
    tax.paid(1000)
    tax.lives()
    tax.ask()
    tax.paid(2000)
    tax.ask()
    assert [(amount, valid) for _, amount, valid in tax.receipts()] == [(1000, True), (2000, True)]


def test_an_issued_receipt_keeps_its_address_when_the_donor_moves(tax: Tax) -> None:
    tax.paid()
    tax.lives()
    tax.ask()
    tax.lives(street="9 Other Road", place="Galway")
    with tax.app.app_context():
        receipt = db.session.scalars(select(TaxReceipt)).one()
        assert open_receipt(receipt) == {"name": "Dana Donor", **STREET}
        assert donors.open_person(receipt.donor)["postal"]["street"] == "9 Other Road"
        assert b"Example Street" not in (receipt.blob or b"")
    tax.ask(copies=True)
    assert "1 Example Street" in words(attached(tax.letters(COPY)[0])[1])


def test_a_replaced_registration_names_new_receipts_and_old_ones_keep_theirs(tax: Tax) -> None:
    tax.paid(1000)
    tax.lives()
    tax.ask()
    tax.register(prefix="IE2", legal_name="Examples for Freedom DAC")
    tax.paid(2000)
    tax.ask()
    assert [name for name, _, _ in tax.receipts()] == [f"{YEAR}-00001", f"IE2-{YEAR}-00001"]
    tax.ask(copies=True)
    first, second = (words(attached(mail)[1]) for mail in tax.letters(COPY))
    assert "Freedom CLG" in first and "Freedom DAC" in second and "CLG" not in second
    with tax.app.app_context():
        old, new = sorted(registrations.list_all(), key=lambda one: one.id)
        assert old.retired_at and not new.retired_at and registrations.in_use("IE") == new
        with pytest.raises(registrations.PrefixTaken):
            registrations.register(**REGISTRATION, actor="olga@example.org")
        db.session.rollback()
        registrations.retire(db.session.merge(new), actor="olga@example.org")
        db.session.commit()
        assert registrations.countries_in_use() == []


def test_two_organisers_who_register_at_once_leave_one_in_use(app: Flask) -> None:
    tax, start = Tax(app), threading.Barrier(4)

    def enter(number: int) -> int:
        start.wait()
        return tax.register(prefix=f"IE{number}")

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(enter, range(4)))
    with app.app_context():
        standing = [one.id for one in registrations.list_all() if one.retired_at is None]
        assert len(standing) == 1 and standing[0] in made


def test_numbers_have_no_gap_when_eight_issue_at_once_and_every_third_is_rolled_back(tax: Tax) -> None:
    people = [f"donor{number}@example.org" for number in range(24)]
    for email in people:
        tax.paid(email=email)
        tax.lives(email)
    start = threading.Barrier(8)

    def issue(number: int) -> str | None:
        if number < 8:
            start.wait()
        with tax.app.app_context():
            vault().prepare(SITE)
            (receipt,) = tax.issue(people[number])
            name = receipt.name
            if number % 3 == 2:
                db.session.rollback()
                return None
            db.session.commit()
            return name

    with ThreadPoolExecutor(8) as pool:
        names = [name for name in pool.map(issue, range(24)) if name]
    assert sorted(names) == [f"IE-{YEAR}-{number:05}" for number in range(1, 17)]
    with tax.app.app_context():
        assert numbering.gaps() == []


def test_a_payment_never_stands_on_two_valid_receipts(tax: Tax) -> None:
    for minor in (1000, 2000, 3000):
        tax.paid(minor)
    tax.lives()
    start = threading.Barrier(8)

    def issue(_: int) -> int:
        start.wait()
        with tax.app.app_context():
            vault().prepare(SITE)
            issued = len(tax.issue(DONOR))
            db.session.commit()
            return issued

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(issue, range(8))) == [0] * 7 + [1]
    assert sum(tax.valid().values()) == 6000
    with tax.app.app_context():
        first = db.session.scalars(select(TaxReceipt)).one()
        values = {name: getattr(first, name) for name in ("registration_id", "year", "donor_id", "amount", "currency")}
        sealed = {"key_id": "", "data_key_id": "", "public_id": "second", "number": 2}
        second = TaxReceipt(**values, **sealed)
        db.session.add(second)
        db.session.flush()
        db.session.add(TaxReceiptLine(receipt_id=second.id, payment_id=first.lines[0].payment_id, amount=1, valid=True))
        with pytest.raises(IntegrityError):  # the database says no, whatever code forgot the lock
            db.session.flush()


def test_somebody_elses_payment_is_never_taken(tax: Tax) -> None:
    tax.paid(1000)
    tax.paid(2000, email="other@example.org")
    tax.lives()
    with tax.app.app_context():
        vault().prepare(SITE)
        donor, registration = donors.find(DONOR), registrations.in_use("IE")
        assert donor and registration
        (receipt,) = jobs.issuing.issue(donor, registration, db.session.scalars(select(Payment)).all())
        assert receipt.amount == 1000


def test_regular_gifts_wait_for_january_and_are_gathered_once(tax: Tax, client: FlaskClient) -> None:
    with time_machine.travel(f"{YEAR}-10-05T12:00:00Z"):
        gift = tax.world.gift(1000, frequency="monthly")
        for body in (completed(gift), subscription(gift), invoice_paid(gift, 1), invoice_paid(gift, 2)):
            send(client, body)
        tax.world.work()
        tax.lives()
        send(client, invoice_paid(gift, 3))
        tax.world.work()
    assert tax.receipts() == []
    with time_machine.travel(f"{YEAR}-12-31T23:00:00Z"):
        tax.world.work()
    with time_machine.travel(f"{YEAR + 1}-01-01T23:00:00Z"):
        tax.world.work()
    assert tax.receipts() == []
    with time_machine.travel(f"{YEAR + 1}-01-02T00:30:00Z"):
        send(client, invoice_paid(gift, 4))
        for _ in range(3):
            tax.world.work()
    assert tax.receipts() == [(f"{YEAR + 1}-00001", 3000, True)], (
        "the new year's own payment waits for the next January"
    )
    assert len(tax.letters(RECEIPT)) == 1
    with tax.app.app_context():
        promised = select(Job.key).where(Job.key.startswith("donations.tax:"), Job.key.endswith(f":{YEAR}"))
        assert len(db.session.scalars(promised).all()) == 1


def test_a_gift_once_does_not_pull_a_regular_ones_months_forward(tax: Tax, client: FlaskClient) -> None:
    gift = tax.world.gift(1000, frequency="monthly")
    for body in (completed(gift), subscription(gift), invoice_paid(gift)):
        send(client, body)
    tax.world.work()
    tax.lives()
    send(client, completed(tax.world.gift(7000)))
    tax.world.work()
    assert [amount for _, amount, _ in tax.receipts()] == [7000]
    tax.ask()
    assert [amount for _, amount, _ in tax.receipts()] == [7000, 1000]


def test_the_january_tick_takes_no_write_lock_when_there_is_nothing_to_do(app: Flask) -> None:
    tax = Tax(app)
    tax.paid(frequency="monthly", paid_at=day(2026, 12, 1))
    tax.lives()
    with app.app_context(), time_machine.travel("2027-01-05T12:00:00Z"):
        assert jobs.gather() is False, "no country is registered"
        assert db.session.scalar(select(Job.id).where(Job.kind == tax_services.ISSUE)) is None


def test_an_erased_donor_gets_nothing_more(tax: Tax) -> None:
    tax.paid()
    tax.lives()
    with tax.app.app_context():
        donor = donors.find(DONOR)
        assert donor is not None
        tax_services.promise_for(donor)
        donor.blob, donor.email_index = None, None
        db.session.commit()
    tax.world.work()
    assert tax.receipts() == []


def test_the_own_page_lists_receipts_without_opening_anything(tax: Tax) -> None:
    tax.paid(1000)
    tax.lives()
    tax.ask()
    with tax.app.app_context():
        donor = donors.find(DONOR)
        assert donor is not None
        (shown,) = tax_services.open_of(donor)
        assert (shown.name, shown.day, shown.money.minor, shown.cancelled) == (
            f"IE-{YEAR}-00001", clock.now().date(), 1000, False,
        )  # fmt: skip


def receipt_text(world: World, client: FlaskClient) -> str:
    send(client, completed(world.gift()))
    (mail,) = [one for one in world.mails() if one["Subject"] == "Receipt for your gift"]
    document = words(attached(mail)[1])
    said = " ".join(text_of(mail).split())
    assert document.count("for your own records") == said.count("for your own records") == 1
    return f"{said} {document}"


def test_the_ordinary_receipt_says_that_it_is_none_and_offers_none_without_a_registration(
    world: World, client: FlaskClient
) -> None:
    said = receipt_text(world, client)
    assert said.count("not a certificate for the tax office") == 2 and "postal address" not in said


def test_the_ordinary_receipt_tells_who_can_get_one(app: Flask, world: World, client: FlaskClient) -> None:
    tax = Tax(app)
    tax.register()
    tax.register(country="DE", prefix="DE")
    said = receipt_text(world, client)
    assert said.count("no tax receipt. If you live in Germany or Ireland, give your postal address") == 2
