"""Tax receipts whose money goes back: cancelled, never deleted, replaced by one for what remains, in any order of events."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from core import clock
from core.db import db
from core.jobs import Job
from donations.own_page import donors
from donations.tax import numbering, registrations
from donations.tax.models import TaxReceipt
from donations.tax.seals import open_receipt
from tests.donations.conftest import DONOR, Gift
from tests.donations.events import (
    Body,
    completed,
    dispute,
    invoice_paid,
    invoice_payment_paid,
    refund,
    send,
    subscription,
)
from tests.donations.tax import CANCELLED, RECEIPT, Tax, attached, words

YEAR = clock.now().year


@pytest.fixture
def tax(app: Flask) -> Tax:
    site = Tax(app)
    site.register()
    return site


def receipted(tax: Tax, client: FlaskClient, minor: int = 2500) -> Gift:
    """A gift once that stands on the first receipt."""
    gift = tax.world.gift(minor)
    send(client, completed(gift))
    tax.settle()
    tax.lives()
    tax.ask()
    assert tax.receipts() == [(f"{YEAR}-00001", minor, True)]
    return gift


def told(tax: Tax, client: FlaskClient, *bodies: Body) -> None:
    for body in bodies:
        assert send(client, body).status_code == 200
    tax.settle()


def reasons(tax: Tax) -> list[str]:
    with tax.app.app_context():
        return [one.cancel_reason for one in db.session.scalars(select(TaxReceipt).order_by(TaxReceipt.id))]


def test_a_part_that_goes_back_cancels_the_receipt_and_another_says_the_rest(tax: Tax, client: FlaskClient) -> None:
    gift = receipted(tax, client)
    told(tax, client, refund(gift, 1000))
    assert tax.receipts() == [(f"{YEAR}-00001", 2500, False), (f"{YEAR}-00002", 1500, True)]
    assert reasons(tax) == ["refund", ""]
    (mail,) = tax.letters(CANCELLED)
    name, document = attached(mail)
    said = words(document)
    assert name == f"IE-{YEAR}-00001-cancelled.pdf"
    assert f"Cancelled on {clock.day(clock.now().date())}" in said and "was given back, in whole or in part" in said
    text = mail.get_body().get_content()  # type: ignore[union-attr]
    assert f"IE-{YEAR}-00001" in text and "€25" in text and "for what remains comes in a mail of its own" in text
    _, second = tax.letters(RECEIPT)
    assert "€15" in words(attached(second)[1]) and "Cancelled" not in words(attached(second)[1])


def test_a_gift_that_goes_back_whole_leaves_a_cancelled_receipt(tax: Tax, client: FlaskClient) -> None:
    gift = receipted(tax, client)
    told(tax, client, refund(gift, 2500))
    assert tax.receipts() == [(f"{YEAR}-00001", 2500, False)] and tax.valid() == {}
    (mail,) = tax.letters(CANCELLED)
    assert "No other receipt takes its place" in mail.get_body().get_content()  # type: ignore[union-attr]
    tax.ask()
    assert len(tax.receipts()) == 1
    with tax.app.app_context():
        assert numbering.gaps() == [], "the number stays taken"


def test_only_what_went_back_leaves_a_receipt_of_several_gifts(tax: Tax, client: FlaskClient) -> None:
    one, two = tax.world.gift(1000), tax.world.gift(2000)
    told(tax, client, completed(one), completed(two))
    tax.lives()
    tax.ask()
    told(tax, client, refund(one, 1000))
    assert tax.receipts() == [(f"{YEAR}-00001", 3000, False), (f"{YEAR}-00002", 2000, True)]
    told(tax, client, refund(one, 1000, kind="failed", status="failed"))
    assert tax.receipts()[1:] == [(f"{YEAR}-00002", 2000, True), (f"{YEAR}-00003", 1000, True)]


MAKERS: dict[str, Callable[[Gift], Body]] = {
    "pending": lambda gift: refund(gift, 1000, status="pending"),
    "done": lambda gift: refund(gift, 1000, kind="updated"),
    "another": lambda gift: refund(gift, 500, "2"),
    "failing": lambda gift: refund(gift, 700, "3", kind="failed", status="failed"),
}


def test_in_every_order_of_the_news_the_valid_receipt_says_what_is_left(tax: Tax, client: FlaskClient) -> None:
    receipted(tax, client)
    for number, order in enumerate(itertools.permutations(MAKERS)):
        gift = tax.world.gift()
        told(tax, client, completed(gift))
        assert tax.valid()[f"pi_{gift.public_id}"] == 2500
        bodies = [MAKERS[name](gift) for name in order]
        for together in (
            [bodies] if number % 2 else [[body] for body in bodies]
        ):  # the worker comes at the end, or each time
            told(tax, client, *together)
        assert tax.valid()[f"pi_{gift.public_id}"] == 1000, order
    assert tax.valid() == tax.left()
    with tax.app.app_context():
        assert numbering.gaps() == []


@pytest.mark.parametrize("order", list(itertools.permutations(("paid", "refund", "link"))), ids="-".join)
def test_a_renewals_receipt_is_right_whenever_its_payment_intent_becomes_known(
    tax: Tax, client: FlaskClient, order: tuple[str, ...]
) -> None:
    gift = tax.world.gift(frequency="monthly")
    told(tax, client, completed(gift), subscription(gift), invoice_paid(gift, 1))
    tax.lives()
    bodies = {
        "paid": invoice_paid(gift, 2), "link": invoice_payment_paid(gift, 2),
        "refund": refund(gift, 1000, payment_intent=f"pi_in_{gift.public_id}_2"),
    }  # fmt: skip
    for name in order:
        told(tax, client, bodies[name])
        tax.ask()
    assert tax.valid() == tax.left() == {f"in_{gift.public_id}_1": 2500, f"in_{gift.public_id}_2": 1500}


def test_a_dispute_cancels_and_one_that_is_won_brings_a_new_receipt(tax: Tax, client: FlaskClient) -> None:
    gift = receipted(tax, client)
    told(tax, client, dispute(gift, "created", "warning_needs_response"))
    assert len(tax.receipts()) == 1, "an inquiry has taken nothing"
    told(tax, client, dispute(gift, "created", "needs_response"), dispute(gift, "updated", "under_review"))
    assert tax.valid() == {} and reasons(tax) == ["dispute"]
    told(tax, client, dispute(gift, "closed", "won"), dispute(gift, "closed", "won"))
    assert tax.receipts() == [(f"{YEAR}-00001", 2500, False), (f"{YEAR}-00002", 2500, True)]
    assert len(tax.letters(CANCELLED)) == 1 and len(tax.letters(RECEIPT)) == 2


def test_a_dispute_after_a_refund_is_named_as_the_reason(tax: Tax, client: FlaskClient) -> None:
    gift = receipted(tax, client)
    told(tax, client, refund(gift, 500))
    told(tax, client, dispute(gift, "created", "needs_response", amount=2000))
    assert reasons(tax) == ["refund", "dispute"] and tax.valid() == {}


def test_a_refund_that_fails_after_all_brings_a_receipt_of_the_whole_again(tax: Tax, client: FlaskClient) -> None:
    gift = receipted(tax, client)
    told(tax, client, refund(gift, 1000))
    told(tax, client, refund(gift, 1000, kind="failed", status="failed"))
    assert tax.receipts() == [
        (f"{YEAR}-00001", 2500, False), (f"{YEAR}-00002", 1500, False), (f"{YEAR}-00003", 2500, True),
    ]  # fmt: skip
    assert reasons(tax) == ["refund", "restored", ""]


def test_the_same_news_twice_and_a_job_done_twice_change_nothing(tax: Tax, client: FlaskClient) -> None:
    gift = receipted(tax, client)
    body = refund(gift, 1000)
    told(tax, client, body, body, refund(gift, 1000, kind="updated"))
    with tax.app.app_context():
        for job in db.session.scalars(select(Job).where(Job.kind.in_(("donations.tax", "donations.tax_settle")))):
            job.state, job.finished_at = "queued", None
        db.session.commit()
    tax.settle()
    assert tax.receipts() == [(f"{YEAR}-00001", 2500, False), (f"{YEAR}-00002", 1500, True)]
    assert len(tax.letters(CANCELLED)) == 1 and len(tax.letters(RECEIPT)) == 2


def test_the_new_receipt_carries_the_address_of_today_if_it_is_in_the_same_country(
    tax: Tax, client: FlaskClient
) -> None:
    gift = receipted(tax, client)
    tax.lives(street="9 Other Road")
    told(tax, client, refund(gift, 500))
    tax.lives(country="FR", place="Paris")
    told(tax, client, refund(gift, 500, "2"))
    tax.lives(country="")
    told(tax, client, refund(gift, 500, "3"))
    with tax.app.app_context():
        kept = [open_receipt(one) for one in db.session.scalars(select(TaxReceipt).order_by(TaxReceipt.id))]
    assert [(one["street"], one["country"]) for one in kept] == [
        ("1 Example Street", "IE"), ("9 Other Road", "IE"), ("9 Other Road", "IE"), ("9 Other Road", "IE"),
    ]  # fmt: skip
    assert sum(tax.valid().values()) == 1000


def test_without_a_registration_in_use_nothing_takes_its_place_until_there_is_one(
    tax: Tax, client: FlaskClient
) -> None:
    gift = receipted(tax, client)
    with tax.app.app_context():
        found = registrations.in_use("IE")
        assert found
        registrations.retire(found, actor="olga@example.org")
        db.session.commit()
    told(tax, client, refund(gift, 500))
    assert tax.receipts() == [(f"{YEAR}-00001", 2500, False)]
    tax.register(prefix="NEW")
    tax.ask()
    assert tax.receipts()[1:] == [(f"NEW-{YEAR}-00001", 2000, True)]


def test_an_erased_donors_receipt_is_cancelled_without_a_word(tax: Tax, client: FlaskClient) -> None:
    gift = receipted(tax, client)
    with tax.app.app_context():
        donor = donors.find(DONOR)
        assert donor is not None
        donor.blob, donor.email_index, donor.postal_at = None, None, None
        db.session.commit()
    told(tax, client, refund(gift, 500))
    assert tax.receipts() == [(f"{YEAR}-00001", 2500, False)] and tax.letters(CANCELLED) == []


def test_a_refund_of_a_payment_without_receipt_is_looked_at_and_left(tax: Tax, client: FlaskClient) -> None:
    gift: Any = tax.world.gift()
    told(tax, client, refund(gift, 500), completed(gift), refund(gift, 500, "2"))
    assert tax.receipts() == []
    tax.lives()
    tax.ask()
    assert tax.receipts() == [(f"{YEAR}-00001", 1500, True)]
