"""The books in the office: payouts with their checks, and the accountant's files."""

import pytest
from sqlalchemy import update

from core import clock
from core.db import db
from donations.books.models import Payout
from tests.donations.conftest import Stand
from tests.donations.stripe_account import Account
from tests.organisers.conftest import Office, enter


@pytest.fixture
def account(stand: Stand) -> Account:
    return Account(stand)


@pytest.fixture
def at_office(account: Account) -> Office:
    return enter(account.stand.app)


def test_each_payout_stands_there_with_its_check_and_its_files(account: Account, at_office: Office) -> None:
    assert "None yet" in at_office.get("/office/books")
    account.given(5000)
    payout = account.pay_out()
    account.stand.deliver()
    assert "compared now" in at_office.client.get(at_office.saved("/office/books/reconcile")).text
    account.stand.world.work()
    page = at_office.get("/office/books")
    assert payout in page and "Adds up" in page and "Nothing differs" in page and "50.00 EUR" in page
    file = at_office.post("/office/books/export", payout=payout, format="csv")
    assert file.status_code == 200 and payout in file.text and "anonymous" in file.text
    assert at_office.post("/office/books/export", payout=payout, format="xlsx").data.startswith(b"PK")
    with account.stand.app.app_context():
        db.session.execute(update(Payout).values(amount=1))
        db.session.commit()
    assert "It holds" in at_office.get("/office/books")


def test_a_month_comes_as_a_table_or_as_a_journal(account: Account, at_office: Office) -> None:
    account.given(5000)
    account.reconciled()
    month = f"{clock.now():%Y-%m}"
    named = at_office.post("/office/books/export", month=month, format="csv", names="y")
    assert "Dana Donor" in named.text
    assert "Income:Gifts" in at_office.post("/office/books/export", month=month, format="journal").text
    ledger = at_office.post("/office/books/export", month=month, format="ledger")
    assert "open Assets:Stripe" in ledger.text and "Dana" not in ledger.text
    assert ("books.exported", month) in at_office.acts()


def test_what_is_no_month_is_said_and_an_unknown_payout_is_not_found(account: Account, at_office: Office) -> None:
    answer = at_office.post("/office/books/export", month="2026-13", format="csv")
    assert answer.status_code == 422 and "like 2026-11" in answer.text
    assert at_office.post("/office/books/export", payout="po_nobody", format="csv").status_code == 404
