"""What organisers, donors on their own page and the worker see of a gift whose case is over."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select

from cases.models import CaseStatus
from core import clock
from core.db import db
from donations import news
from donations.models import Donation
from donations.moving import services as moving
from donations.moving import tending
from tests.donations.conftest import DONOR, Gift, Stand
from tests.donations.endings import Endings
from tests.donations.own_pages import Visitor
from tests.donations.papers import sealed
from tests.donations.stripe_account import Account
from tests.organisers.conftest import enter


@pytest.fixture
def endings(stand: Stand) -> Endings:
    return Endings(Account(stand))


def donation(gift: Gift) -> Donation:
    return db.session.scalars(select(Donation).where(Donation.public_id == gift.public_id)).one()


def test_a_payment_of_a_gift_that_was_asked_alarms_nobody(endings: Endings) -> None:
    gift = endings.given()
    endings.turn(gift, CaseStatus.CLOSED, work=False)
    endings.account.drive("subscriptions", endings.subscription(gift), "renew")
    endings.settle()
    assert endings.raised(gift.case_id) == 2000 and endings.questions() == ["open"]
    assert endings.world.alarms() == []


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
        assert visitor.press_on(own, gift.public_id, act, amount="20").status_code == 303
    endings.settle()
    assert endings.standing(gift) == ("paused", None) and endings.pause_at_stripe(gift) is not None
    endings.answered("fund:")
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


def test_who_moves_a_gift_gets_news_of_the_case_that_they_asked_about_and_of_no_other(endings: Endings) -> None:
    gift = endings.given()
    sealed(endings.world, gift, updates=True)  # type: ignore[arg-type]
    there, slug = endings.case(fund_title="Lawyers")
    endings.turn(gift, CaseStatus.WON)
    endings.answered(f"fund:{slug}")
    endings.renew(gift)
    assert endings.raised(there) == 1000
    with endings.world.app.app_context():
        assert [one.email for one in news.ahead(gift.case_id or 0, 0, 10)[1]] == [DONOR]
        assert news.ahead(there, 0, 10) == (0, [])
