"""What Stripe's balance says against what this site says, and what the accountant gets. Numbers: the list of cases."""

import csv
import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests as http
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy import select, update

from core import clock
from core.currencies import CURRENCIES
from core.db import db
from donations import services
from donations.books import comparing, exports, journal
from donations.books import services as books
from donations.books.lines import Line
from donations.books.models import BalanceTransaction, Payout
from donations.models import Donation, Payment, PaymentStatus
from donations.reversals.models import Refund
from tests.conftest import BASE
from tests.donations.conftest import Stand, sibling
from tests.donations.pages import give
from tests.donations.test_checkout import make_fund, press

MONTH = clock.now().strftime("%Y-%m")
KEY = (BASE["STRIPE_SECRET_KEY"], "")


def drive(stand: Stand, kind: str, object_id: str, name: str) -> None:
    http.post(f"{stand.url}/drive/{kind}/{object_id}/{name}", timeout=5).raise_for_status()


def refund(stand: Stand, payment_intent: str, minor: int) -> None:
    order = {"payment_intent": payment_intent, "amount": str(minor)}
    http.post(f"{stand.url}/v1/refunds", order, auth=KEY, timeout=5).raise_for_status()


def paid(stand: Stand, address: str = "/donate", **changes: Any) -> str:
    """A gift that Stripe took; its news is on the way."""
    answer = give(stand.app.test_client(), address, **changes)
    press(answer.headers["Location"], "pay")
    return str(stand.world.donations()[-1].public_id)


def reconcile(stand: Stand, *options: str) -> tuple[int, dict[str, Any]]:
    done = stand.app.test_cli_runner().invoke(args=["donations", "reconcile", "--json", *options])
    return done.exit_code, json.loads(done.stdout)


def test_22_what_an_endpoint_missed_for_four_days_is_fetched_and_twice_changes_nothing(stand: Stand) -> None:
    paid(stand, amount="25")
    paid(stand, preset="10", frequency="monthly")
    assert stand.world.payments() == []
    with time_machine.travel(clock.now() + timedelta(days=4), tick=True):
        code, report = reconcile(stand)
        assert (code, report["differences"]) == (0, [])
        assert report["backfilled"] > 0
        assert sorted(amount for _, _, amount in stand.world.payments()) == [1000, 2500]
        code, again = reconcile(stand)
        assert (code, again["backfilled"], again["ended"], again["sums"]) == (0, 0, 0, report["sums"])
        assert sorted(amount for _, _, amount in stand.world.payments()) == [1000, 2500]
        assert sum("Receipt" in mail["Subject"] for mail in stand.world.mails()) == 2


def test_52_gross_less_fees_refunds_and_disputes_is_net_to_the_cent(stand: Stand) -> None:
    for amount in ("25", "12,34", "99.99"):
        paid(stand, amount=amount)
    stand.deliver()
    first = stand.world.payments()[0][0]
    refund(stand, first, 1000)
    stand.deliver()
    code, report = reconcile(stand)
    assert (code, report["differences"]) == (0, [])
    of = report["sums"]["EUR"]
    assert (of["gross"], of["refunds"]) == (13733, 1000)
    assert of["net"] == of["gross"] - of["fees"] - of["refunds"] - of["disputes"] + of["other"]
    assert of["fees"] == sum(int(minor * 0.029 + 0.5) + 25 for minor in (2500, 1234, 9999))


def spoil(stand: Stand, statement: Any) -> None:
    with stand.app.app_context():
        db.session.execute(statement)
        db.session.commit()


SPOILS: list[tuple[Any, str, str]] = [
    (update(Payment).values(amount=2400), "charge", "and the gift here says €24"),
    (update(Payment).values(status=PaymentStatus.PENDING), "charge", "does not say that it was paid"),
    (update(Payment).values(stripe_id="pi_other"), "charge", "that no gift here knows"),
    (update(Refund).values(amount=900), "refund", "and here it says €9"),
    (update(Refund).values(id="re_other"), "refund", "for a refund"),
]


@pytest.mark.parametrize(("spoiled", "kind", "words"), SPOILS)
def test_52_a_difference_is_a_sentence_and_exit_code_1(stand: Stand, spoiled: Any, kind: str, words: str) -> None:
    paid(stand, amount="25")
    stand.deliver()
    refund(stand, stand.world.payments()[0][0], 1000)
    stand.deliver()
    spoil(stand, spoiled)
    code, report = reconcile(stand)
    assert code == 1
    assert any(one["kind"] == kind and words in one["sentence"] for one in report["differences"])


def test_52_a_gift_that_stripes_balance_does_not_know_is_told(stand: Stand) -> None:
    paid(stand, amount="25")
    stand.deliver()
    with time_machine.travel(clock.now() + timedelta(hours=2), tick=True):
        assert reconcile(stand)[0] == 0
        spoil(stand, update(BalanceTransaction).values(payment_intent="pi_other"))
        with stand.app.app_context():
            found = books.comparing.compare(clock.now() - timedelta(days=1))
    assert {one.kind for one in found} == {"charge", "payment_without_movement"}


def test_a_session_whose_end_was_missed_is_asked_for(stand: Stand) -> None:
    paid(stand, amount="25")
    with stand.app.app_context():
        db.session.execute(update(Donation).values(created_at=clock.now() - timedelta(hours=3)))
        db.session.commit()
        assert books.fetching.finish_sessions() == 1
        assert books.fetching.finish_sessions() == 0
    assert [status for _, status, _ in stand.world.payments()] == ["paid"]
    stand.deliver()
    assert [status for _, status, _ in stand.world.payments()] == ["paid"]


def test_a_stripe_that_is_away_is_no_difference(stand: Stand) -> None:
    away = sibling(stand.app, STRIPE_API_BASE="http://127.0.0.1:9")
    done = away.test_cli_runner().invoke(args=["donations", "reconcile"])
    assert done.exit_code == 1 and "nothing was compared" in done.stderr


@pytest.mark.parametrize("since", ["yesterday", "2020-01-01", "400"])
def test_a_day_that_stripe_has_forgotten_is_refused(stand: Stand, since: str) -> None:
    done = stand.app.test_cli_runner().invoke(args=["donations", "reconcile", "--since", since])
    assert done.exit_code == 2


def test_the_worker_compares_daily_and_a_difference_is_one_alarm(stand: Stand) -> None:
    paid(stand, amount="25")
    stand.deliver()
    with time_machine.travel(clock.now() + timedelta(days=2), tick=True):
        stand.world.work()
        assert stand.world.alarms() == []
        spoil(stand, update(Payment).values(amount=2400))
    for days in (3, 4):
        with time_machine.travel(clock.now() + timedelta(days=days), tick=True):
            stand.world.work()
    assert stand.world.alarms() == ["books"]
    with stand.app.app_context():
        newest = books.newest()
        assert newest and newest.differences == 1


def read_csv(chunks: Any) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(b"".join(chunks).decode("utf-8-sig"))))


def pay_out(stand: Stand) -> list[str]:
    drive(stand, "balance", "all", "payout")
    stand.deliver()
    assert reconcile(stand)[0] == 0
    with stand.app.app_context():
        return [payout.id for payout in books.payouts()]


def test_a_payouts_lines_add_up_to_it_and_name_the_fund_but_no_donor(stand: Stand, tmp_path: Path) -> None:
    slug = make_fund(stand)
    paid(stand, f"/donate/{slug}", amount="25", name="=HYPERLINK(1)")
    paid(stand, amount="10")
    stand.deliver()
    refund(stand, stand.world.payments()[0][0], 500)
    (payout,) = pay_out(stand)
    with stand.app.app_context():
        rows = read_csv(exports.export(payout, "csv", names=False, actor="cli"))
        named = read_csv(exports.export(payout, "csv", names=True, actor="cli"))
        expected = db.session.get_one(Payout, payout).amount
    assert sorted((row["what"], row["gross"], row["for"], row["donor"]) for row in rows) == [
        ("charge", "10.00", "general", "anonymous"), ("charge", "25.00", slug, "anonymous"),
        ("payout", rows[-1]["gross"], "", ""), ("refund", "-5.00", slug, "anonymous"),
    ]  # fmt: skip
    assert round(100 * sum(float(row["net"]) for row in rows if row["what"] != "payout")) == expected
    assert sorted(row["donor"] for row in named) == ["", "'=HYPERLINK(1)", "'=HYPERLINK(1)", "Dana Donor"]
    out = tmp_path / "books.xlsx"
    done = stand.app.test_cli_runner().invoke(
        args=["donations", "export", "--payout", payout, "--format", "xlsx", "--names", "--out", str(out)]
    )
    assert done.exit_code == 0
    sheet = load_workbook(out).active
    assert {cell.value for cell in sheet["C"]} >= {25, 10, -5}
    assert "'=HYPERLINK(1)" in {cell.value for cell in sheet["H"]} and out.stat().st_mode & 0o077 == 0


def test_the_journal_balances_and_its_income_is_what_the_page_shows_less_nothing(stand: Stand) -> None:
    slug = make_fund(stand)
    paid(stand, f"/donate/{slug}", amount="25")
    paid(stand, f"/donate/{slug}", amount="40", currency="USD")
    stand.deliver()
    refund(stand, stand.world.payments()[0][0], 500)
    pay_out(stand)
    with stand.app.app_context():
        entries = journal.entries(exports.lines_of(MONTH))
        standing = journal.balances(entries)
        assert all(not any(journal.total(entry).values()) for entry in entries)
        income = {currency: -minor for (account, currency), minor in standing.items() if account.startswith("Income:")}
        assert income == {"EUR": 2000, "USD": 4000} == services.totals()
        assert all(not minor for (account, _), minor in standing.items() if account == journal.STRIPE)
        text = "".join(journal.plain_text(entries))
    assert f"Income:Gifts:{slug.capitalize()}  -25.00 EUR" in text


def test_a_history_of_all_kinds_agrees_on_page_in_report_and_in_journal(stand: Stand) -> None:
    """Yen, dinars and kronur; a refund that fails; a dispute won, one lost, one open; a renewal; a payout."""
    for currency, amount in (
        ("JPY", "6000"),
        ("KWD", "8.12"),
        ("ISK", "3500"),
        ("EUR", "30"),
        ("EUR", "40"),
        ("EUR", "50"),
    ):
        paid(stand, amount=amount, currency=currency)
    paid(stand, preset="10", frequency="monthly")
    stand.deliver()
    taken = {payment.amount: payment.stripe_id for payment in payments(stand)}
    refund(stand, taken[6000], 1000)
    drive(stand, "balance", "all", "payout")
    refund(stand, taken[8120], 3000)
    for minor, ends in ((3000, "win"), (4000, "lose"), (5000, None)):
        charge = next(one for one in listed(stand, "charges") if one["payment_intent"] == taken_eur(stand, minor))
        drive(stand, "charges", charge["id"], "dispute")
        (dispute,) = [one for one in listed(stand, "disputes") if one["charge"] == charge["id"]]
        if ends:
            drive(stand, "disputes", dispute["id"], ends)
    drive(stand, "refunds", next(one["id"] for one in listed(stand, "refunds") if one["currency"] == "kwd"), "fail")
    (subscription,) = [one.subscription_id for one in stand.world.donations() if one.subscription_id]
    drive(stand, "subscriptions", subscription, "renew")
    stand.deliver()
    code, report = reconcile(stand)
    assert (code, report["differences"]) == (0, [])
    with stand.app.app_context():
        assert services.totals() == {"EUR": 3000 + 2000, "ISK": 3500, "JPY": 5000, "KWD": 8120}
        entries = journal.entries(exports.lines_of(MONTH))
        assert all(not any(journal.total(entry).values()) for entry in entries)
        standing = journal.balances(entries)
        income = {
            currency: -minor for (account, currency), minor in standing.items() if account == "Income:Gifts:General"
        }
        assert income == {"EUR": 5000, "ISK": 350000, "JPY": 5000, "KWD": 8120}
        for currency, of in report["sums"].items():
            assert standing[journal.STRIPE, currency] == of["net"] + of["payouts"]
            assert standing.get((journal.FEES, currency), 0) == of["fees"]


def payments(stand: Stand) -> list[Payment]:
    with stand.app.app_context():
        found = list(db.session.scalars(select(Payment)))
        db.session.expunge_all()
        return found


def taken_eur(stand: Stand, minor: int) -> str:
    (mine,) = [one.stripe_id for one in payments(stand) if (one.amount, one.currency) == (minor, "EUR")]
    return mine


def listed(stand: Stand, kind: str) -> list[dict[str, Any]]:
    answer = http.get(f"{stand.url}/v1/{kind}?limit=100", auth=KEY, timeout=5)
    answer.raise_for_status()
    return list(answer.json()["data"])


KINDS = st.sampled_from([*comparing.GROUPS, "fee", "other_adjustment"])
MOVEMENTS = st.lists(
    st.tuples(KINDS, st.integers(-(10**8), 10**8), st.integers(-(10**6), 10**6), st.sampled_from(sorted(CURRENCIES))),
    max_size=40,
)


@given(MOVEMENTS)
def test_any_journal_balances_and_keeps_what_stripe_holds(drawn: list[tuple[str, int, int, str]]) -> None:
    moved = [
        BalanceTransaction(
            id=f"txn_{number}", kind=kind, amount=amount, fee=fee, net=amount - fee, currency=currency,
            created_at=clock.now(), source="x", payment_intent="", source_amount=0, source_currency="",
        )
        for number, (kind, amount, fee, currency) in enumerate(drawn)
    ]  # fmt: skip
    entries = journal.entries([Line(one, None) for one in moved])
    assert all(not any(journal.total(entry).values()) for entry in entries)
    standing = journal.balances(entries)
    for currency, of in comparing.sums(moved).items():
        assert standing[journal.STRIPE, currency] == sum(one.net for one in moved if one.currency == currency)
        assert of.net == of.gross - of.fees - of.refunds - of.disputes + of.other + sum(
            one.fee for one in moved if one.currency == currency and comparing.GROUPS.get(one.kind) == "payouts"
        )
        assert standing.get((journal.FEES, currency), 0) == of.fees
    rows = list(journal.rows(entries))
    assert sum(row[3] for row in rows) == 0  # type: ignore[misc]


@pytest.mark.parametrize("which", ["--payout=po_unknown", "--month=2026-13"])
def test_books_that_are_not_there_are_said_so(stand: Stand, tmp_path: Path, which: str) -> None:
    done = stand.app.test_cli_runner().invoke(
        args=["donations", "export", which, "--format", "csv", "--out", str(tmp_path / "x.csv")]
    )
    assert done.exit_code == 1 and "There are no books of" in done.stderr
