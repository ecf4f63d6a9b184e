"""What the accountant gets: files whose sums are the payout's, and a history whose page, file and journal agree."""

import csv
import io
import random
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import select, update

from core import clock
from core.audit import AuditEntry
from core.db import db
from core.money import Money
from core.vault import SITE, vault
from donations import checkout_services
from donations.books import accounts, exports, journal, scope
from donations.models import Donation
from donations.offline import services as offline
from donations.offline.models import Means, OfflineGift
from tests.donations.conftest import Gift, Stand
from tests.donations.stripe_account import Account
from tests.donations.test_books_journal import ACTS


@pytest.fixture
def account(stand: Stand) -> Account:
    return Account(stand)


def read(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))


def exported(account: Account, out: Path, *words: str) -> list[dict[str, str]]:
    result = account.run("export", "--format", "csv", "--out", str(out), *words)
    assert result.exit_code == 0, result.output
    return read(out)


def month() -> str:
    return f"{clock.now():%Y-%m}"


def test_a_payouts_file_adds_up_to_the_payout(account: Account, tmp_path: Path) -> None:
    gift = account.given(5000)
    account.refund(gift, 1000)
    account.drive("disputes", account.dispute(account.given(3000)), "win")
    account.stand.deliver()
    payout = account.pay_out()
    assert account.reconciled()["ok"]
    lines = exported(account, tmp_path / "books.csv", "--payout", payout)
    assert {line["kind"] for line in lines} == {"charge", "refund", "dispute", "dispute_reversal", "payout"}
    held = sum(Decimal(line["net"]) for line in lines if line["kind"] != "payout")
    taken = next(Decimal(line["net"]) for line in lines if line["kind"] == "payout")
    assert held == -taken > 0
    assert all(Decimal(line["gross"]) - Decimal(line["fee"]) == Decimal(line["net"]) for line in lines)
    refund = next(line for line in lines if line["kind"] == "refund")
    assert (refund["gross"], refund["payout"]) == ("-10.00", payout)


def test_names_stand_in_the_file_by_consent_or_where_they_are_asked_for(account: Account, tmp_path: Path) -> None:
    """Case 49, and which seals were opened is in the audit chain."""
    account.given(2500), account.given(2600)
    with account.stand.app.app_context():
        db.session.execute(update(Donation).where(Donation.amount == 2600).values(show_name=True))
        db.session.commit()
    account.reconciled()
    usual = exported(account, tmp_path / "usual.csv", "--month", month())
    assert {line["given"]: line["donor"] for line in usual} == {"25.00": "anonymous", "26.00": "Dana Donor"}
    named = exported(account, tmp_path / "named.csv", "--month", month(), "--names")
    assert {line["donor"] for line in named} == {"Dana Donor"}
    with account.stand.app.app_context():
        entries = db.session.scalars(
            select(AuditEntry).where(AuditEntry.act == "books.exported").order_by(AuditEntry.id)
        )
        assert [entry.detail["names"] for entry in entries] == [False, True]


def test_a_name_that_is_a_formula_is_neutral(account: Account, tmp_path: Path) -> None:
    """Case 50; a negative amount stays a number."""
    gift = account.given()
    with account.stand.app.app_context():
        vault().prepare(SITE)
        donation = db.session.scalars(select(Donation)).one()
        fields = {"name": '=HYPERLINK("http://127.0.0.1")', "email": "a@example.org", "message": ""}
        box = vault().seal(SITE, checkout_services.SEALED_CONTEXT, donation.public_id, fields)
        donation.key_id, donation.data_key_id, donation.blob = box.key_id, box.data_key_id, box.blob
        db.session.commit()
    account.refund(gift, 500)
    account.stand.deliver()
    account.reconciled()
    lines = exported(account, tmp_path / "books.csv", "--month", month(), "--names")
    assert {line["donor"][0] for line in lines} == {"'"}
    out = tmp_path / "books.xlsx"
    words = ("export", "--format", "xlsx", "--month", month(), "--names", "--out", str(out))
    assert account.run(*words).exit_code == 0
    rows = list(openpyxl.load_workbook(out).active.iter_rows(values_only=True))  # type: ignore[union-attr]
    gross = rows[0].index("gross")
    assert sorted(row[gross] for row in rows[1:]) == [-5, 25] and rows[1][3].startswith("'=")


@pytest.mark.parametrize("words", [(), ("--month", "2026-13"), ("--month", "2026-11", "--payout", "po_1")])
def test_what_to_export_is_said_once(account: Account, tmp_path: Path, words: tuple[str, ...]) -> None:
    assert account.run("export", "--format", "csv", "--out", str(tmp_path / "a.csv"), *words).exit_code == 2


def test_an_unknown_payout_is_told(account: Account, tmp_path: Path) -> None:
    result = account.run("export", "--format", "csv", "--out", str(tmp_path / "a.csv"), "--payout", "po_nobody")
    assert result.exit_code == 1 and "po_nobody" in result.output


@pytest.mark.parametrize("seed", range(4))
def test_page_file_and_journal_agree_after_any_history(account: Account, tmp_path: Path, seed: int) -> None:
    """Gifts, refunds, disputes and payouts by chance, told by signed webhooks only."""
    chance, gifts = random.Random(seed), []
    for _number in range(5):
        gifts.append(something(account, chance))
        account.stand.deliver()
        if chance.random() < 0.4:
            gifts.append(account.given(100_000))  # so that there is something to pay out
            account.stand.deliver()
            account.pay_out()
    account.stand.deliver()
    assert account.reconciled()["differences"] == []
    lines = exported(account, tmp_path / "books.csv", "--month", month())
    with account.stand.app.app_context():
        entries = exports.entries_of(scope.of_month(month()).lines())
    held = journal.balances(entries)
    for gift in gifts:
        raised = account.stand.world.raised(gift).get(gift.currency, 0)
        shown = Money(raised, gift.currency).stripe_minor
        kinds = (accounts.GIFTS, accounts.REFUNDS, accounts.DISPUTES)
        assert -sum(held.get((f"{kind}:Case-{gift.slug}", gift.currency), 0) for kind in kinds) == shown
        # a number that begins with a hyphen is made harmless, as any text that does
        of_gift = [Decimal(line["gross"]) for line in lines if line["gift"].lstrip("'") == gift.public_id]
        assert sum(of_gift) == Money(raised, gift.currency).major


def something(account: Account, chance: random.Random) -> Gift:
    currency = chance.choice(("EUR", "USD", "JPY", "KWD", "ISK"))
    minor = chance.randrange(300, 5000) * (10 if currency == "KWD" else 1)
    gift = account.given(minor, currency, chance.choice(("once", "once", "monthly")))
    act = chance.choice((*ACTS, "nothing"))
    part = Money(minor // 3 // 10 * 10, currency).stripe_minor
    if "refund" in act:
        refund = account.refund(gift, part)
        if act == "failed refund":
            account.drive("refunds", refund, "fail")
    if "dispute" in act:
        account.drive("disputes", account.dispute(gift), "win" if "won" in act else "lose")
    return gift


def test_a_month_holds_gifts_outside_stripe_and_their_reversals(stand: Stand) -> None:
    with stand.app.app_context():
        vault().prepare(SITE)
        for means, reference, minor in ((Means.BANK, "S12/7", 3050), (Means.CASH, "7", 500)):
            kept = offline.enter(
                None, means=means, reference=reference, money=Money(minor, "EUR"), given_on=date(2026, 3, 2), name="=1+1",
                note="", show_name=means == Means.BANK, actor="ana@example.org",
            )  # fmt: skip
        offline.take_back(kept, reason="Counted twice", actor="ana@example.org")
        back = (
            update(OfflineGift).where(OfflineGift.id == kept.id).values(taken_back_at=datetime(2026, 3, 9, tzinfo=UTC))
        )
        db.session.execute(back)
        db.session.commit()
        march = scope.of_month("2026-03")
        table = b"".join(exports.export(march, "csv", names=False, actor="cli")).decode("utf-8-sig")
        written = list(csv.DictReader(io.StringIO(table)))
        booked = b"".join(exports.export_journal(march, "ledger", actor="cli")).decode()
        assert exports.export(scope.of_month("2026-04"), "csv", names=False, actor="cli")
    found = [(row["kind"], row["donor"], row["gross"], row["payment"]) for row in written]
    assert found == [
        ("bank gift", "'=1+1", "30.50", "S12/7"), ("cash gift", "anonymous", "5.00", "7"),
        ("cash gift taken back", "anonymous", "-5.00", "7"),
    ]  # fmt: skip
    assert "Assets:Bank  30.50 EUR" in booked and "Income:Gifts:General  -30.50 EUR" in booked
    assert "Assets:Cash  -5.00 EUR" in booked
