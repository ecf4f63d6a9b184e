"""A gift that moved: what was paid before stays where it went, in the totals, in the books and on the walls; whoever races."""

import csv
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import select

from cases.models import CaseStatus
from core import clock
from core.db import db
from core.vault import vault
from donations.books import accounts, exports, journal, scope
from donations.models import Donation, Payment
from donations.moving import services, tending
from tests.donations.conftest import Gift, Stand
from tests.donations.endings import ENDED, MOVED, QUESTION, Endings
from tests.donations.events import invoice_paid, send
from tests.donations.stripe_account import Account
from tests.donations.test_wall import wall


@pytest.fixture
def endings(stand: Stand) -> Endings:
    return Endings(Account(stand))


def moved(endings: Endings, gift: Gift) -> int:
    """The gift goes to another case's fund, whose number it gives."""
    there, slug = endings.case(fund_title="Lawyers")
    endings.turn(gift, CaseStatus.WON)
    endings.answered(f"fund:{slug}")
    return there


def news_of(endings: Endings, gift: Gift, number: int, *, ago: timedelta = timedelta(0)) -> None:
    """An invoice of this gift was paid so long ago, and we hear of it now."""
    body = invoice_paid(gift, number)
    body["created"] -= int(ago.total_seconds())
    details = body["data"]["object"]["parent"]["subscription_details"]
    details["subscription"] = endings.subscription(gift)
    assert send(endings.world.app.test_client(), body).status_code == 200


def funds_of_payments(endings: Endings) -> list[int | None]:
    with endings.world.app.app_context():
        return list(db.session.scalars(select(Payment.case_id).order_by(Payment.id)))


def test_a_bank_debit_that_was_under_way_when_the_gift_moved_stays_with_its_fund(endings: Endings) -> None:
    account = endings.account
    gift = account.gift(1000, frequency="monthly")
    account.press(gift, "debit")
    endings.settle()
    assert [status for _, status, _ in endings.world.payments()] == ["pending"]
    there = moved(endings, gift)
    account.drive("sessions", gift.session_id, "settle")
    endings.settle()
    assert [status for _, status, _ in endings.world.payments()] == ["paid"]
    assert (endings.raised(gift.case_id), endings.raised(there)) == (1000, 0)
    assert "For: Media fund" in endings.mail("Receipt for your gift")


def test_news_of_a_payment_that_comes_after_the_move_finds_the_fund_of_that_day(endings: Endings) -> None:
    gift = endings.given()
    there = moved(endings, gift)
    news_of(endings, gift, 7, ago=timedelta(days=4))
    news_of(endings, gift, 8)
    news_of(endings, gift, 7, ago=timedelta(days=4))
    assert funds_of_payments(endings) == [gift.case_id, gift.case_id, there]


def test_news_from_before_two_moves_finds_the_first_fund(endings: Endings) -> None:
    gift = endings.given()
    second = moved(endings, gift)
    endings.turn_case(second, CaseStatus.CLOSED)
    endings.answered("fund:")
    news_of(endings, gift, 7, ago=timedelta(days=4))
    news_of(endings, gift, 8)
    assert funds_of_payments(endings) == [gift.case_id, gift.case_id, None]


def test_48_a_gift_that_begins_for_a_case_that_was_closed_meanwhile_is_flagged_and_asked(endings: Endings) -> None:
    gift = endings.account.gift(1000, frequency="monthly")
    endings.turn(gift, CaseStatus.CLOSED)
    endings.account.press(gift)
    endings.settle()
    assert endings.raised(gift.case_id) == 1000 and endings.world.alarms() == ["gift-for-closed-case"]
    endings.settle()
    assert endings.questions() == ["open"] and endings.standing(gift) == ("paused", None)


def test_of_two_answers_at_once_one_counts(endings: Endings) -> None:
    gift = endings.given()
    endings.turn(gift, CaseStatus.WON)
    link = endings.link
    at_once([lambda: endings.answer("fund:", link), lambda: endings.answer("stop", link)] * 2)
    endings.settle()
    one_outcome(endings, gift, {"moved": MOVED, "stopped": ENDED})


@pytest.mark.parametrize("act", [lambda question: services.move(question, None), services.stop])
def test_the_last_day_may_end_between_the_press_and_its_writing(endings: Endings, act: Any) -> None:
    gift = endings.given()
    endings.turn(gift, CaseStatus.WON)
    endings.shorten()
    with endings.world.app.app_context():
        question = services.open_question(db.session.scalars(select(Donation)).one())
        with pytest.raises(services.AnsweredAlready):
            act(question)
    assert endings.questions() == ["open"]


@pytest.mark.parametrize("left", [-5, 0, 20, 60, 150])
def test_an_answer_and_the_last_moment_have_one_outcome(endings: Endings, left: int) -> None:
    gift = endings.given()
    endings.turn(gift, CaseStatus.WON)
    link = endings.link
    endings.shorten(timedelta(milliseconds=left))

    def tend() -> None:
        until = clock.now() + timedelta(milliseconds=left + 100)
        with endings.world.app.app_context():
            while not tending.tend() and clock.now() < until:
                pass

    at_once([lambda: endings.answer("fund:", link), tend])
    endings.settle()
    one_outcome(endings, gift, {"moved": MOVED, "silent": ENDED})


def test_two_workers_ask_once(endings: Endings) -> None:
    gift = endings.given()
    endings.turn(gift, CaseStatus.CLOSED, work=False)

    def tend() -> None:
        with endings.world.app.app_context():
            tending.tend()

    at_once([tend, tend])
    endings.settle()
    assert endings.subjects() == [QUESTION] and endings.questions() == ["open"]


def at_once(acts: list[Callable[[], Any]]) -> None:
    start = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> None:
        start.wait()
        act()

    with ThreadPoolExecutor(len(acts)) as pool:
        list(pool.map(run, acts))


def one_outcome(endings: Endings, gift: Gift, mails: dict[str, str]) -> None:
    (answer,) = endings.questions()
    assert endings.subjects() == [QUESTION, mails[answer]]
    went_on = answer == "moved"
    assert (endings.fund(gift) is None) == went_on
    assert endings.standing(gift)[0] == ("active" if went_on else "canceled")


def test_books_and_journal_keep_each_payment_with_its_fund(endings: Endings) -> None:
    gift = endings.given()
    there = moved(endings, gift)
    endings.renew(gift)
    endings.account.refund(gift, 300)  # of the first payment
    endings.settle()
    assert endings.account.reconciled()["differences"] == []
    month = f"{clock.now():%Y-%m}"
    with endings.world.app.app_context():
        written = b"".join(exports.export(scope.of_month(month), "csv", names=False, actor="cli")).decode("utf-8-sig")
        entries = exports.entries_of(scope.of_month(month).lines())
        slug = db.session.scalars(select(Donation)).one().case.slug  # type: ignore[union-attr]
    lines = list(csv.DictReader(io.StringIO(written)))
    old, new = f"Case {str(gift.slug).split('-')[1]}", f"Case {slug.split('-')[1]}"
    found = sorted((line["kind"], line["designation"], Decimal(line["gross"])) for line in lines)
    assert found == [("charge", old, Decimal(10)), ("charge", new, Decimal(10)), ("refund", old, Decimal(-3))]
    held = journal.balances(entries)
    assert [entry.balance for entry in entries] == [0] * len(entries)
    for case_slug, case_id in ((gift.slug, gift.case_id), (slug, there)):
        kinds = (accounts.GIFTS, accounts.REFUNDS, accounts.DISPUTES)
        booked = -sum(held.get((f"{kind}:Case-{case_slug}", "EUR"), 0) for kind in kinds)
        assert booked == endings.raised(case_id), case_slug
    assert (endings.raised(gift.case_id), endings.raised(there)) == (700, 1000)


def test_a_name_comes_off_the_old_wall_and_is_on_no_other_before_it_is_agreed_to_anew(endings: Endings) -> None:
    app, name = endings.world.app, "Dana Donor"
    gift = endings.given(show_name=True, show_badge=True)
    endings.settle()
    assert name in wall(app, gift.slug)
    _, slug = endings.case()
    endings.turn(gift, CaseStatus.WON)
    assert "taken off that list" in endings.page() and name in wall(app, gift.slug)
    assert endings.answer(f"fund:{slug}").status_code == 303
    assert name not in wall(app, gift.slug), "at once, before the worker works"
    endings.settle()
    endings.renew(gift)
    assert endings.world.donations()[0].show_badge is False
    with app.app_context():
        journalled = vault().keystore.journal_file.read_text()
    assert journalled.count(f"gift-unlisted {gift.public_id}") == 1, "an old backup puts it up again"
    assert name not in wall(app, gift.slug) + wall(app, slug)
    assert "Your name is off the public list" in endings.mail(MOVED)
    endings.change(gift, show_name=True)
    endings.settle()
    assert name in wall(app, slug) and name not in wall(app, gift.slug)


def test_a_name_is_on_no_wall_of_a_fund_that_has_nothing_of_the_gift_yet(endings: Endings) -> None:
    app, name = endings.world.app, "Dana Donor"
    gift = endings.given(show_name=True)
    endings.settle()
    _, slug = endings.case()
    endings.turn(gift, CaseStatus.WON)
    assert endings.answer(f"fund:{slug}").status_code == 303
    endings.change(gift, show_name=True)  # agreed to anew before the worker has looked, and before the next payment
    for _ in range(2):
        assert name not in wall(app, gift.slug) + wall(app, slug)
        endings.settle()
    endings.renew(gift)
    assert name in wall(app, slug) and name not in wall(app, gift.slug)


def test_a_name_is_not_on_the_old_wall_though_the_worker_has_not_looked_since_the_move(endings: Endings) -> None:
    app, name = endings.world.app, "Dana Donor"
    gift = endings.given(show_name=True)
    endings.settle()
    endings.turn(gift, CaseStatus.WON)
    assert endings.answer("fund:").status_code == 303
    news_of(endings, gift, 7)
    endings.change(gift, show_name=True)
    assert name not in wall(app, gift.slug) + wall(app)
    endings.settle()
    assert name in wall(app) and name not in wall(app, gift.slug)
