"""Receipts and summaries: tagged PDFs in the mail, in the words of the gift, asked for again on the own page."""

import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from core import clock, pdf
from core.currencies import CURRENCIES
from core.db import db
from core.jobs import Job, run_pending
from core.mail import TYPESETTING_TRIES
from core.money import Money
from donations import jobs as donation_jobs
from donations.models import Payment
from donations.own_page.models import Donor
from donations.papers import services as papers
from donations.papers import summaries
from tests.donations.conftest import DONOR, Gift, World, text_of
from tests.donations.events import completed, dispute, invoice_paid, invoice_payment_paid, refund, send
from tests.donations.papers import at, changed, day, donor_of, paid, pdf_of, said_in, sealed
from tests.factories import make_case

HOSTILE = '#panic("x") *Fund* _of_ $x$ <label> @ref `c`'
SUMMARY = "Your gifts in"


@pytest.fixture
def organisation(app: Flask) -> Iterator[Callable[[str], None]]:
    """Gives the site's organisation another name, for one test."""
    before = app.config["UNDERSIGNED"]

    def named(name: str) -> None:
        app.config["UNDERSIGNED"] = replace(before, organisation=name)

    yield named
    app.config["UNDERSIGNED"] = before


def ask_receipt(world: World, stripe_id: str) -> None:
    with world.app.app_context():
        papers.ask_receipt(db.session.scalars(select(Payment).where(Payment.stripe_id == stripe_id)).one())
        db.session.commit()


def ask_summary(world: World, year: int) -> None:
    world.work()  # the worker has tied the gifts to their donor
    with world.app.app_context():
        papers.ask_summary(donor_of(), year)
        db.session.commit()


def summaries_of(world: World) -> list[EmailMessage]:
    return [mail for mail in world.mails() if mail["Subject"].startswith(SUMMARY)]


def receipts_of(world: World) -> list[EmailMessage]:
    return [mail for mail in world.mails() if mail["Subject"] == "Receipt for your gift"]


def number_of(world: World, stripe_id: str) -> str:
    """The receipt's number as this test counts it."""
    with world.app.app_context():
        payment = db.session.scalars(select(Payment).where(Payment.stripe_id == stripe_id)).one()
        return f"{payment.paid_at:%Y%m%d}-{payment.id}"


def test_a_paid_gift_brings_its_receipt_as_a_pdf(client: FlaskClient, world: World) -> None:
    gift = paid(client, world.gift(102550), day(2026, 6, 15))
    (mail,) = world.mails()
    name, reader = pdf_of(mail)
    said, number = said_in(reader), number_of(world, f"pi_{gift.public_id}")
    assert name == "receipt-2026-06-15.pdf"
    for words in (
        "Undersigned demo", "localhost", "Receipt for your gift", "€1,025.50", "received on 15 June 2026", "From Dana Donor",
        "For Media fund", "How often Once", f"Number {number}", gift.public_id,
        "has with Stripe, followed by the word DONATION", "not a certificate for the tax office", f"Receipt {number}", "1 / 1",
    ):  # fmt: skip
        assert words in said, words
    assert "attached as a PDF" in text_of(mail) and f"Number: {number}" in text_of(mail)
    assert "remains" not in said and "pi_" not in said


@pytest.mark.parametrize(("language", "shown"), [("en", "15 June 2026"), ("ru", "15 июня 2026"), ("ar", "يونيو")])
def test_a_receipt_is_tagged_titled_and_in_the_language_of_the_gift(
    client: FlaskClient, world: World, language: str, shown: str
) -> None:
    paid(client, changed(world, world.gift(), {"language": language}), day(2026, 6, 15))
    (mail,) = world.mails()
    _, reader = pdf_of(mail)
    root = reader.trailer["/Root"]
    assert bool(root["/MarkInfo"]["/Marked"]) and "/StructTreeRoot" in root and root["/Lang"] == language
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    assert reader.metadata is not None and reader.metadata.title == "Receipt for your gift"
    assert shown in said_in(reader)


def test_names_are_printed_as_they_stand_in_whatever_script(
    client: FlaskClient, world: World, organisation: Callable[[str], None]
) -> None:
    organisation(HOSTILE)
    for name in ("Айнур Құрманова", "سامر حداد", HOSTILE):
        gift = sealed(world, world.gift(), name=name, email=f"{len(name)}@example.org", tribute_name=name)
        paid(client, changed(world, gift, {"tribute": "behalf"}), day(2026))
        (mail,) = world.mails_to(f"{len(name)}@example.org")
        said = said_in(pdf_of(mail)[1])
        assert all(said.count(word) >= 2 for word in name.split()), name  # Arabic is read back from right to left
        assert said.replace(" ", "").count(HOSTILE.replace(" ", "")) >= 2


def test_a_letter_that_no_font_draws_keeps_nobody_from_a_receipt(client: FlaskClient, world: World) -> None:
    paid(client, sealed(world, world.gift(), name="Dana \U0001fae9 Donor"), day(2026))
    (mail,) = world.mails()
    _, reader = pdf_of(mail)
    assert "Dana" in said_in(reader) and bool(reader.trailer["/Root"]["/MarkInfo"]["/Marked"])


def test_a_word_without_end_stays_on_the_page(client: FlaskClient, world: World) -> None:
    paid(client, sealed(world, world.gift(), name="W" * 120), day(2026))
    (mail,) = world.mails()
    runs = re.findall("W{5,}", pdf_of(mail)[1].pages[0].extract_text().replace("\u200b", ""))
    assert len(runs) > 2 and sum(map(len, runs)) == 120


def test_a_receipt_says_for_whom_the_gift_is_and_how_often_it_comes(client: FlaskClient, world: World) -> None:
    gift = sealed(world, world.gift(frequency="monthly", general=True), tribute_name="Ada Example")
    paid(client, changed(world, gift, {"tribute": "memory"}), day(2026))
    (mail,) = world.mails()
    said = said_in(pdf_of(mail)[1])
    for words in (
        "For Where it is needed most",
        "How often Every month, until you stop it",
        "In memory of Ada Example",
    ):
        assert words in said, words
    assert "the name that Undersigned demo has with Stripe." in said and "DONATION" not in said


def test_each_renewal_has_a_receipt_and_a_number_of_its_own(client: FlaskClient, world: World) -> None:
    gift = paid(client, world.gift(frequency="monthly"), day(2026, 5), day(2026, 6))
    read = [pdf_of(mail) for mail in world.mails()]
    assert sorted(name for name, _ in read) == ["receipt-2026-05-15.pdf", "receipt-2026-06-15.pdf"]
    numbers = {number_of(world, f"in_{gift.public_id}_{n}") for n in (1, 2)}
    assert len(numbers) == 2
    assert {number for number in numbers for _, reader in read if f"Number {number}" in said_in(reader)} == numbers


def test_a_receipt_asked_for_again_says_what_went_back_and_keeps_its_fund(client: FlaskClient, world: World) -> None:
    gift = paid(client, world.gift(), day(2026))
    world.work()
    send(client, refund(gift, 500))
    with world.app.app_context():
        other = make_case(fund_title="Legal fund").id
    changed(world, gift, {"case_id": other})
    ask_receipt(world, f"pi_{gift.public_id}")
    first, again = sorted(receipts_of(world), key=lambda mail: "Went back" in text_of(mail))
    assert "Went back" not in said_in(pdf_of(first)[1])
    said = said_in(pdf_of(again)[1])
    for words in ("€25.00", "Went back to you €5.00", "What remains €20.00", "For Media fund"):
        assert words in said, words
    assert "Went back to you: €5" in text_of(again)
    assert (
        f"Number {number_of(world, f'pi_{gift.public_id}')}" in said_in(pdf_of(first)[1])
        and number_of(world, f"pi_{gift.public_id}") in said
    )


def test_asking_twice_within_the_hour_mails_once(client: FlaskClient, world: World) -> None:
    gift = paid(client, world.gift(), day(2026))
    world.work()
    start = clock.to_hour(clock.now()) + timedelta(hours=1)
    for minutes, receipts in ((1, 2), (58, 2), (61, 3)):
        with time_machine.travel(start + timedelta(minutes=minutes)):
            ask_receipt(world, f"pi_{gift.public_id}")
            ask_summary(world, 2026)
            assert (len(receipts_of(world)), len(summaries_of(world))) == (receipts, receipts - 1)


def test_nothing_is_promised_of_what_was_never_paid(client: FlaskClient, world: World) -> None:
    paid(client, world.gift(), day(2026))
    waiting = world.gift()
    send(client, completed(waiting, payment_status="unpaid"))
    with pytest.raises(papers.NoSuchPaper):
        ask_receipt(world, f"pi_{waiting.public_id}")
    with pytest.raises(papers.NoSuchPaper):
        ask_summary(world, 2025)
    with world.app.app_context():
        assert summaries.years_of(donor_of()) == [2026]


def test_a_summary_adds_up_with_what_went_back_and_never_across_currencies(client: FlaskClient, world: World) -> None:
    once = paid(client, world.gift(102550), day(2026, 2))
    monthly = paid(client, world.gift(1000, frequency="monthly"), *(day(2026, month) for month in range(3, 9)))
    paid(client, world.gift(2500, "USD", general=True), day(2026, 7))
    contested = paid(client, world.gift(3000), day(2026, 8))
    for body in (
        refund(once, 2550), invoice_payment_paid(monthly), refund(monthly, 1000),
        dispute(contested, "created", "needs_response"),
    ):  # fmt: skip
        send(client, body)
    send(client, at(completed(other := sealed(world, world.gift(777), email="else@example.org")), day(2026)))
    ask_summary(world, 2026)
    (mail,) = summaries_of(world)
    name, reader = pdf_of(mail)
    said = said_in(reader)
    assert name == "gifts-2026.pdf" and mail["Subject"] == "Your gifts in 2026"
    for words in (
        "€1,050.00 $25.00 given in 2026, less what went back", "From Dana Donor", "Payments 9",
        "Total €1,115.50 €65.50 €1,050.00", "Total $25.00", "€1,025.50 €25.50 €1,000.00", "€30.00 €30.00 €0.00",
        "€10.00 – €10.00", "15 February 2026 Media fund", "Where it is needed most", "Euro (EUR)", "US Dollar (USD)",
        "followed by the word DONATION", "Each payment of a regular gift",
    ):  # fmt: skip
        assert words in said, words
    assert other.public_id not in said and "7.77" not in said
    assert "€1,050\n$25\n" in text_of(mail) and world.page_owner(mail) == DONOR


def test_a_year_ends_at_midnight_in_utc(client: FlaskClient, world: World) -> None:
    last, first = day(2025, 12, 31, 23, 59, 59), day(2026, 1, 1, 0, 0, 0)
    paid(client, world.gift(1100), last)
    paid(client, world.gift(2200), first)
    paid(client, world.gift(3300), day(2026, 12, 31, 23, 59, 59))
    paid(client, world.gift(4400), day(2027, 1, 1, 0, 0, 0))
    ask_summary(world, 2026)
    (mail,) = summaries_of(world)
    said = said_in(pdf_of(mail)[1])
    assert "1 January 2026" in said and "31 December 2026" in said and "Total €55.00" in said
    assert "€11.00" not in said and "€44.00" not in said
    with world.app.app_context():
        assert summaries.years_of(donor_of()) == [2027, 2026, 2025]


def test_a_long_year_goes_over_pages_with_its_headings_on_each(client: FlaskClient, world: World) -> None:
    gift = world.gift(1000, frequency="monthly")
    paid(client, gift, *(day(2026) + timedelta(days=n) for n in range(40)))
    ask_summary(world, 2026)
    (mail,) = summaries_of(world)
    pages = [" ".join(page.extract_text().split()) for page in pdf_of(mail)[1].pages]
    assert len(pages) == 2 and all("Date For Number Amount" in page for page in pages)
    assert "1 / 2" in pages[0] and "2 / 2" in pages[1] and "Total €400.00" in pages[1]


def test_every_currency_can_stand_on_a_paper(client: FlaskClient, world: World) -> None:
    for number, code in enumerate(CURRENCIES):
        smallest = CURRENCIES[code].step
        paid(client, world.gift(smallest * 1234, code), day(2026, 1, 1 + number % 28))
    ask_summary(world, 2026)
    (mail,) = summaries_of(world)
    said = said_in(pdf_of(mail)[1])
    for code in CURRENCIES:
        shown = Money(CURRENCIES[code].step * 1234, code).text("en", exact=True)
        assert f"({code})" in said and said.count(" ".join(shown.split())) >= 3, code


def test_an_erased_gift_gets_no_paper(client: FlaskClient, world: World) -> None:
    gift = changed(world, world.gift(), {"blob": None})
    paid(client, gift, day(2026))
    ask_receipt(world, f"pi_{gift.public_id}")
    paid(client, world.gift(1100), day(2026))
    later = paid(client, world.gift(2200), day(2026))
    world.work()
    changed(world, later, {"blob": None})  # by now it is tied to its donor, who stays
    ask_summary(world, 2026)
    receipts, (summary,) = receipts_of(world), summaries_of(world)
    assert ["€11.00" in said_in(pdf_of(mail)[1]) for mail in receipts].count(True) == 1 and len(receipts) == 2
    assert "Total €11.00" in said_in(pdf_of(summary)[1])


def test_who_was_erased_after_asking_gets_nothing(client: FlaskClient, world: World) -> None:
    gift = paid(client, world.gift(), day(2026))
    assert len(world.mails()) == 1
    ask_summary(world, 2026)
    ask_receipt(world, f"pi_{gift.public_id}")
    with world.app.app_context():
        donor = db.session.scalars(select(Donor)).one()
        donor.blob, donor.email_index = None, None
        db.session.commit()
    assert len(world.mails()) == 1
    with world.app.app_context():
        asked = select(Job.state).where(Job.kind.in_((papers.RECEIPT, papers.SUMMARY)))
        assert db.session.scalars(asked).all() == ["done", "done"]


def test_the_outbox_holds_sealed_words_and_no_pdf(client: FlaskClient, world: World) -> None:
    gift = paid(client, world.gift(), day(2026))
    with world.app.app_context():
        run_pending(world.app.extensions["jobs"].handlers, lambda moment: (Job.kind != "mail",))
        mail = db.session.scalars(select(Job).where(Job.kind == "mail")).one()
        assert mail.blob is not None and b"Dana" not in mail.blob and b"%PDF" not in mail.blob
        rows = db.session.execute(text("SELECT args, key FROM jobs")).all()
        assert "Dana" not in str(rows) and "document" in mail.sealed() and "%PDF" not in str(mail.sealed())
    assert len(world.mails()) == 1 and gift.public_id in said_in(pdf_of(world.mails()[0])[1])
    with world.app.app_context():
        assert db.session.scalars(select(Job.blob).where(Job.kind == "mail")).all() == [None]


def work_through_retries(world: World, tries: int) -> None:
    for _ in range(tries):
        with world.app.app_context():
            waiting = select(Job.run_at).where(Job.kind == "mail", Job.state == "queued").order_by(Job.run_at.desc())
            moment = db.session.scalars(waiting.limit(1)).first() or clock.now()
        with time_machine.travel(max(moment, clock.now()) + timedelta(seconds=1), tick=True):
            world.work()


def test_a_receipt_that_cannot_be_set_goes_without_its_pdf_and_somebody_hears_of_it(
    client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "CHILD", Path(__file__).with_name("no-such-child.py"))
    gift: Gift = paid(client, world.gift(), day(2026))
    assert world.mails() == [] and world.alarms() == []
    work_through_retries(world, TYPESETTING_TRIES - 1)
    (mail,) = world.mails()
    assert list(mail.iter_attachments()) == [] and world.alarms() == ["document-failed"]
    assert "This mail is your receipt" in text_of(mail) and "attached" not in text_of(mail)
    assert "€25" in text_of(mail) and gift.public_id in text_of(mail)


def test_a_summary_that_cannot_be_set_waits_and_sounds_one_alarm_a_day(
    client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(client, world.gift(), day(2026))
    world.work()
    with monkeypatch.context() as broken:
        broken.setattr(pdf, "CHILD", Path(__file__).with_name("no-such-child.py"))
        ask_summary(world, 2026)
        work_through_retries(world, TYPESETTING_TRIES + 2)
        assert summaries_of(world) == [] and world.alarms() == ["document-failed"]
    work_through_retries(world, 1)
    (mail,) = summaries_of(world)
    assert "€25.00" in said_in(pdf_of(mail)[1]) and world.alarms() == ["document-failed"]


def test_what_stripe_sends_twice_is_one_receipt(client: FlaskClient, world: World) -> None:
    gift = world.gift(frequency="yearly")
    body = invoice_paid(gift)
    for one in (completed(gift), body, body):
        send(client, one)
    assert len(world.mails()) == 1 and "Every year" in said_in(pdf_of(world.mails()[0])[1])


def test_a_worker_that_slept_ties_gifts_to_donors_all_the_same(client: FlaskClient, world: World) -> None:
    paid(client, world.gift(), day(2026))
    with time_machine.travel(clock.now() + timedelta(hours=1)), world.app.app_context():
        (tick,) = [tick for tick in donation_jobs.TICKS if tick.work.__name__ == "_gather"]
        assert tick.work() and not tick.work()
    with world.app.app_context():
        assert summaries.years_of(donor_of()) == [2026]


def test_while_a_pdf_is_set_everybody_else_may_write(
    client: FlaskClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    paid(client, world.gift(), day(2026))
    run, written = subprocess.run, []

    def and_write(*args: Any, **how: Any) -> Any:
        with db.engine.connect() as other:
            wait = "PRAGMA busy_timeout=50" if other.dialect.name == "sqlite" else "SET LOCAL lock_timeout = '50ms'"
            other.exec_driver_sql(wait)
            for table in ("donors", "donations", "payments", "jobs"):
                written.append(other.execute(text(f"UPDATE {table} SET id = id")).rowcount)
            other.rollback()
        return run(*args, **how)

    monkeypatch.setattr(subprocess, "run", and_write)
    (mail,) = world.mails()
    assert len(written) == 4 and min(written) > 0, "at the first try"
    assert "€25.00" in said_in(pdf_of(mail)[1])
