"""A payment keeps its fund in the books, on walls and in the office, wherever its gift goes since; an answer counts once."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier

import pytest
import time_machine
from sqlalchemy import event

from cases.models import CaseStatus
from core import clock
from core.db import db
from core.money import Money
from donations import services
from donations.books import accounts, exports, journal, scope
from donations.models import PaymentStatus
from donations.moving import services as moving
from donations.moving import tending
from donations.moving.models import Answer
from donations.wall import services as wall
from tests.donations.conftest import Stand
from tests.donations.endings import ENDED, MOVED, QUESTION, Endings, donation
from tests.donations.own_pages import Visitor
from tests.donations.stripe_account import Account
from tests.donations.test_books_exports import exported, month
from tests.organisers.conftest import enter


@pytest.fixture
def endings(stand: Stand) -> Endings:
    return Endings(Account(stand))


def test_the_books_add_up_by_the_fund_of_each_payment_after_a_move(endings: Endings, tmp_path: Path) -> None:
    gift = endings.given()
    there, slug = endings.case(title="Another case")
    endings.turn(gift, CaseStatus.WON)
    endings.answered(f"fund:{slug}")
    endings.renew(gift)
    endings.renew(gift)
    assert endings.account.reconciled()["differences"] == []
    sums: Counter[str] = Counter()
    for line in exported(endings.account, tmp_path / "books.csv", "--month", month()):
        sums[line["designation"]] += Decimal(line["gross"])  # type: ignore[assignment]
    old = f"Case {gift.slug.split('-')[1]}"  # type: ignore[union-attr]
    assert sums == {old: Decimal(10), "Another case": Decimal(20)}
    with endings.world.app.app_context():
        entries = exports.entries_of(scope.of_month(month()).lines())
    held = journal.balances(entries)
    assert [-held[f"{accounts.GIFTS}:Case-{name}", "EUR"] for name in (gift.slug, slug)] == [1000, 2000]
    assert all(sum(posting.amount for posting in entry.postings) == 0 for entry in entries)
    assert (endings.raised(gift.case_id), endings.raised(there)) == (1000, 2000)


def test_a_payment_whose_news_come_after_the_move_stays_with_the_old_fund(endings: Endings) -> None:
    gift = endings.given()
    endings.turn(gift, CaseStatus.CLOSED, work=False)
    endings.account.drive("subscriptions", endings.subscription(gift), "renew")  # and its news are held up
    endings.world.work()
    with time_machine.travel(clock.now() + timedelta(minutes=1)):
        assert endings.answer("fund:").status_code == 303
        endings.settle()
        assert (endings.raised(gift.case_id), endings.raised(None)) == (2000, 0)
        assert endings.world.alarms() == [], "whoever is asked needs no organiser"
        endings.renew(gift)
        assert (endings.raised(gift.case_id), endings.raised(None)) == (2000, 1000)


def test_what_becomes_of_an_old_payment_does_not_move_it(endings: Endings) -> None:
    gift = endings.given()

    def told(status: PaymentStatus) -> None:
        with endings.world.app.app_context():
            mine, money = donation(gift), Money(1000, "EUR")
            services.record_payment(mine, "in_debit", status=status, at=clock.now(), money=money)
            db.session.commit()

    told(PaymentStatus.PENDING)
    endings.turn(gift, CaseStatus.WON)
    endings.answered("fund:")
    told(PaymentStatus.PAID)
    assert (endings.raised(gift.case_id), endings.raised(None)) == (2000, 0)


def test_a_gift_that_was_begun_before_its_case_ended_is_asked_too(endings: Endings) -> None:
    gift = endings.account.gift(1000, frequency="monthly")
    endings.turn(gift, CaseStatus.CLOSED)
    assert endings.questions() == []
    endings.account.press(gift)
    endings.settle()
    endings.settle()
    assert endings.questions() == ["open"] and endings.standing(gift) == ("paused", None)
    assert endings.raised(gift.case_id) == 1000 and endings.subjects() == [QUESTION]


@pytest.mark.parametrize(("choice", "stays"), [("fund:", []), ("stop", ["Dana Donor"])])
def test_a_name_stays_on_the_old_funds_wall_unless_the_gift_moves_and_comes_on_no_other(
    endings: Endings, choice: str, stays: list[str]
) -> None:
    gift = endings.given(show_name=True, show_badge=True)

    def names(case_id: int | None) -> list[str]:
        endings.settle()
        with endings.world.app.app_context():
            return [entry.name for entry in wall.shown(case_id, limit=10)]

    endings.turn(gift, CaseStatus.WON)
    assert names(gift.case_id) == ["Dana Donor"]
    assert "Your name may stand on this case’s public list of supporters" in endings.page()
    endings.answered(choice)
    assert names(gift.case_id) == stays
    if choice != "stop":
        assert "Your name is off the public list of supporters" in endings.mail(MOVED)
        endings.renew(gift)
    assert names(None) == []


def test_of_two_answers_at_once_one_counts(endings: Endings) -> None:
    gift, start = endings.given(), Barrier(2)
    endings.turn(gift, CaseStatus.WON)
    link = endings.link

    def press(choice: str) -> int:
        start.wait()
        return endings.answer(choice, link).status_code

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(press, ("fund:", "stop"))) == [303, 303]
    endings.settle()
    outcome = (endings.questions(), endings.fund(gift), endings.standing(gift)[0], endings.subjects())
    assert outcome in (
        (["moved"], None, "active", [QUESTION, MOVED]), (["stopped"], gift.case_id, "canceled", [QUESTION, ENDED]),
    )  # fmt: skip


def test_an_answer_to_what_is_answered_meanwhile_is_none(endings: Endings) -> None:
    gift = endings.given()
    endings.turn(gift, CaseStatus.WON)
    link = endings.link
    with endings.world.app.app_context():
        seen = moving.last_question(donation(gift))
        assert seen is not None and seen.answered_at is None
        db.session.commit()
        endings.answered("stop", link)
        with pytest.raises(moving.AnsweredAlready):
            moving.move(seen, None)
        db.session.rollback()
    assert endings.questions() == ["stopped"] and endings.fund(gift) == gift.case_id


@pytest.mark.parametrize("first", ["donor", "worker"])
def test_of_the_last_answer_and_the_worker_who_comes_for_silence_one_counts(endings: Endings, first: str) -> None:
    gift = endings.given()
    endings.turn(gift, CaseStatus.WON)
    link, last_day = endings.link, clock.now() + timedelta(days=30, minutes=1)
    with endings.world.app.app_context():
        seen = moving.last_question(donation(gift))
        assert seen is not None
        db.session.commit()
        if first == "donor":
            endings.answered("fund:", link)
            with time_machine.travel(last_day):
                with pytest.raises(moving.AnsweredAlready):
                    moving.close(seen, Answer.SILENT)
                assert tending.tend() is False
        else:
            with time_machine.travel(last_day):
                assert tending.tend() is True
                endings.settle()
            with pytest.raises(moving.AnsweredAlready):  # as it was shown before the last day
                moving.move(seen, None)
            db.session.rollback()
    endings.settle()
    assert endings.questions() == ["moved" if first == "donor" else "silent"]
    assert endings.standing(gift)[0] == ("active" if first == "donor" else "canceled")


def test_where_nothing_is_to_do_the_worker_only_reads_and_little(endings: Endings) -> None:
    endings.turn(endings.given(), CaseStatus.WON)
    endings.given()
    said: list[str] = []

    def keep(connection: object, cursor: object, statement: str, *rest: object) -> None:
        said.append(statement)

    with endings.world.app.app_context():
        event.listen(db.engine, "before_cursor_execute", keep)
        assert tending.tend() is False
        event.remove(db.engine, "before_cursor_execute", keep)
    assert 0 < len(said) <= 2 and all(statement.startswith("SELECT") for statement in said)


def test_the_own_page_asks_for_the_answer_and_offers_nothing_that_takes_money(endings: Endings) -> None:
    gift, visitor = endings.given(), Visitor(endings.world)
    endings.turn(gift, CaseStatus.CLOSED)
    own = endings.link.split("/fund/")[0]
    page = visitor.page(own)
    day = clock.day((clock.now() + timedelta(days=30)).date())
    assert f"Your answer is needed before {day}" in page and f'href="{endings.link}"' in page
    assert [f"/gift/{gift.public_id}/{act}" in page for act in ("resume", "pause", "amount")] == [False] * 3
    assert f"/gift/{gift.public_id}/stop" in page
    for act in ("resume", "amount"):
        assert visitor.press(own, f"gift/{gift.public_id}/{act}", amount="20").status_code in (303, 404)
    endings.answered("fund:", endings.link)
    page = visitor.page(own)
    assert "Your answer is needed" not in page and f"/gift/{gift.public_id}/pause" in page


def test_the_office_is_told_in_numbers_what_a_cases_end_does_to_gifts(endings: Endings) -> None:
    gift = endings.given()
    office = enter(endings.world.app)
    edit = f"/office/cases/{gift.case_id}/edit"
    assert "One regular gift goes to this case" in office.get(edit)
    endings.turn(gift, CaseStatus.WON)
    assert "Not answered yet: 1." in office.get(edit)
    endings.answered("fund:")
    assert "Another fund: 1. Stopped: 0. Ended without an answer: 0. Not answered yet: 0." in office.get(edit)
    endings.turn(gift, CaseStatus.ACTIVE)
    page = office.get(edit)
    assert "regular gift" not in page, "nothing goes to it any more"


def test_the_office_finds_a_gift_by_every_fund_that_it_paid_to(endings: Endings) -> None:
    gift = endings.given()
    there, slug = endings.case(title="Another case")
    endings.turn(gift, CaseStatus.WON)
    endings.answered(f"fund:{slug}")
    office = enter(endings.world.app)

    def found(fund: object) -> bool:
        return f"/office/gifts/{gift.public_id}" in office.get(f"/office/gifts?fund={fund}")

    assert [found(fund) for fund in (gift.case_id, there, "general")] == [True, True, False]
    endings.renew(gift)
    payments = office.get(f"/office/gifts/{gift.public_id}").split('id="payments"')[1]
    old = f"Case {gift.slug.split('-')[1]}"  # type: ignore[union-attr]
    assert payments.index("Another case ·") < payments.index(f"{old} ·")
