"""A case is won or closed: its regular donors are asked once, and no answer ends the gift."""

from datetime import timedelta

import pytest
import time_machine

from cases.models import CaseStatus
from core import clock
from core.db import Base, db
from donations.subscriptions import changes
from tests.donations.conftest import Stand, text_of
from tests.donations.endings import ENDED, KEPT, MOVED, QUESTION, Endings
from tests.donations.stripe_account import Account

LAST_DAY = timedelta(days=30, minutes=1)


@pytest.fixture
def endings(stand: Stand) -> Endings:
    return Endings(Account(stand))


@pytest.mark.parametrize(
    ("status", "frequency", "words"),
    [(CaseStatus.WON, "monthly", "is won"), (CaseStatus.CLOSED, "yearly", "takes no gifts any more")],
)
def test_the_donor_is_asked_once_and_nothing_is_taken_meanwhile(
    endings: Endings, status: CaseStatus, frequency: str, words: str
) -> None:
    gift = endings.given(frequency)
    other = endings.given()
    endings.turn(gift, status)
    endings.settle()
    assert endings.questions() == ["open"] and endings.subjects() == [QUESTION]
    assert endings.standing(gift) == ("paused", None)
    assert endings.pause_at_stripe(gift)["behavior"] == "void" and endings.pause_at_stripe(other) is None
    endings.renew(gift)
    assert endings.raised(gift.case_id) == 1000
    mail = endings.mail(QUESTION)
    assert words in mail and "€10" in mail and f"“Case {gift.slug.split('-')[1]}”" in mail  # type: ignore[union-attr]
    assert f"before {clock.day((clock.now() + timedelta(days=30)).date())}" in mail
    assert "Your regular gift is paused" not in [one["Subject"] for one in endings.world.mails()]


def test_a_gift_once_and_one_that_has_ended_are_not_asked(endings: Endings) -> None:
    once, ended, stopping = endings.account.given(1000), endings.given(), endings.given()
    endings.wish(ended, changes.stop)
    endings.settle()
    endings.wish(stopping, changes.stop)  # Stripe has not heard of it yet
    for gift in (once, ended, stopping):
        endings.turn(gift, CaseStatus.CLOSED, work=False)
    endings.settle()
    assert endings.questions() == [] and QUESTION not in endings.subjects()


def test_the_page_offers_every_open_fund_and_none_is_chosen(endings: Endings) -> None:
    gift = endings.given()
    endings.case(slug="another-fund", title="Another case", fund_title="Lawyers")
    endings.case(slug="no-fund", fund_title="")
    endings.case(slug="over", status=CaseStatus.CLOSED)
    endings.turn(gift, CaseStatus.WON)
    page = endings.page()
    for value in ("fund:another-fund", "fund:", "stop"):
        assert f'value="{value}"' in page, value
    for value in (f"fund:{gift.slug}", "fund:no-fund", "fund:over"):
        assert f'value="{value}"' not in page, value
    assert "Lawyers – Another case" in page and "€10 a month" in page and "checked" not in page
    assert "public list of supporters" not in page, "this donor's name is shown nowhere"
    answer = endings.world.app.test_client().get(endings.link)
    assert answer.headers["Cache-Control"] == "no-store" and "noindex" in answer.headers["X-Robots-Tag"]


def test_a_gift_that_moves_goes_on_for_the_other_fund_and_what_was_paid_stays(endings: Endings) -> None:
    gift = endings.given()
    there, slug = endings.case(fund_title="Lawyers")
    endings.turn(gift, CaseStatus.WON)
    endings.answered(f"fund:{slug}")
    assert endings.questions() == ["moved"] and endings.fund(gift) == there
    assert endings.standing(gift) == ("active", None) and endings.pause_at_stripe(gift) is None
    endings.renew(gift)
    assert (endings.raised(gift.case_id), endings.raised(there)) == (1000, 1000)
    assert endings.subjects() == [QUESTION, MOVED]
    mail = endings.mail(MOVED)
    assert "goes to “Lawyers – " in mail and "The next payment is due on" in mail and "list of supporters" not in mail
    assert "From the next payment on it goes to “Lawyers" in endings.page()
    receipts = [text_of(one) for one in endings.world.mails() if one["Subject"] == "Receipt for your gift"]
    assert ["For: Media fund" in receipts[0], "For: Lawyers" in receipts[1]] == [True, True]


def test_the_general_fund_is_another_fund(endings: Endings) -> None:
    gift = endings.given()
    endings.turn(gift, CaseStatus.CLOSED)
    endings.answered("fund:")
    assert endings.fund(gift) is None
    endings.renew(gift)
    assert endings.raised(None) == 1000 and "where it is needed most" in endings.mail(MOVED)


def test_a_gift_that_is_stopped_ends_and_its_donor_is_told(endings: Endings) -> None:
    gift = endings.given()
    endings.turn(gift, CaseStatus.WON)
    endings.answered("stop")
    assert endings.questions() == ["stopped"] and endings.standing(gift)[0] == "canceled"
    assert endings.subjects() == [QUESTION, ENDED] and "No answer came" not in endings.mail(ENDED)
    assert "Your gift is stopped" in endings.page()


def test_no_answer_ends_the_gift_after_thirty_days_and_the_mail_says_why(endings: Endings) -> None:
    gift = endings.given()
    endings.turn(gift, CaseStatus.CLOSED)
    asked = clock.now()
    with time_machine.travel(asked + timedelta(days=29, hours=23)):
        endings.settle()
        assert endings.questions() == ["open"] and endings.standing(gift)[0] == "paused"
    with time_machine.travel(asked + LAST_DAY):
        endings.settle()
        endings.settle()
        assert endings.questions() == ["silent"] and endings.standing(gift)[0] == "canceled"
        assert endings.subjects() == [ENDED], "the older mail's file has gone after its week"
        assert "No answer came to our question" in endings.mail(ENDED)
        link = endings.link_in(ENDED, gift)
        assert "No answer came in time" in endings.page(link)
        endings.answered("fund:", link)
    assert endings.questions() == ["silent"] and endings.fund(gift) == gift.case_id


def test_an_answer_after_the_last_day_is_none_though_the_worker_has_not_come(endings: Endings) -> None:
    gift = endings.given()
    endings.turn(gift, CaseStatus.CLOSED)
    link = endings.link
    endings.shorten()
    assert endings.answer("fund:", link).status_code == 303
    assert "No answer came in time" in endings.page(link)
    assert endings.questions() == ["open"] and endings.fund(gift) == gift.case_id


def test_pressing_twice_changes_nothing_and_shows_the_same(endings: Endings) -> None:
    gift = endings.given()
    endings.turn(gift, CaseStatus.WON)
    link = endings.link
    endings.answered("fund:", link)
    page = endings.page(link)
    for choice in ("fund:", "stop", "nonsense"):
        endings.answered(choice, link)
    assert endings.page(link) == page and endings.questions() == ["moved"] and endings.fund(gift) is None
    assert endings.standing(gift)[0] == "active" and endings.subjects() == [QUESTION, MOVED]


def test_what_cannot_be_taken_is_said_and_the_choice_kept(endings: Endings) -> None:
    gift = endings.given()
    endings.case(slug="over", status=CaseStatus.CLOSED)
    endings.turn(gift, CaseStatus.WON)
    for choice, sentence in (
        (None, "Choose where your gift goes"), ("nonsense", "Choose where your gift goes"),
        ("fund:over", "takes no gifts at the moment"), ("fund:nothing", "takes no gifts at the moment"),
        (f"fund:{gift.slug}", "takes no gifts at the moment"),
    ):  # fmt: skip
        answer = endings.answer(choice)
        assert answer.status_code == 422 and sentence in answer.text, choice
    stale = endings.answer("stop", token="old")
    assert stale.status_code == 422 and "open for a long time" in stale.text
    assert stale.text.count("checked") == 1 and "checked" in stale.text.split('value="stop"')[0].rsplit("<input", 1)[1]
    assert endings.questions() == ["open"]


def test_reading_changes_nothing(endings: Endings) -> None:
    gift = endings.given()
    endings.turn(gift, CaseStatus.WON)
    link = endings.link

    def rows() -> dict[str, list[str]]:
        with endings.world.app.app_context():
            tables = Base.metadata.sorted_tables
            return {table.name: sorted(map(repr, db.session.execute(table.select()))) for table in tables}

    before = rows()
    for method in ("GET", "HEAD", "OPTIONS"):
        assert endings.world.app.test_client().open(link, method=method).status_code == 200
    assert rows() == before


def test_51_another_donors_gift_and_a_gift_once_are_not_found(endings: Endings) -> None:
    gift, once = endings.given(), endings.account.given(1000)
    endings.turn(gift, CaseStatus.WON)
    link = endings.link
    endings.give_away(gift)
    for wrong in (link, link.replace(gift.public_id, once.public_id), link.replace(gift.public_id, "x" * 22)):
        assert endings.world.app.test_client().get(wrong).status_code == 404, wrong
        assert endings.answer("stop", wrong).status_code == 404, wrong
    gone = endings.world.app.test_client().get("/donations/manage/" + "a" * 43 + f"/fund/{gift.public_id}")
    assert gone.status_code == 404 and "This link does not work any more" in gone.text
    assert endings.questions() == ["open"]


def test_a_gift_that_ends_elsewhere_needs_no_answer(endings: Endings) -> None:
    gift = endings.given()
    endings.turn(gift, CaseStatus.WON)
    link = endings.link
    endings.wish(gift, changes.stop)
    assert "Your gift is stopped" in endings.page(link), "at once, though Stripe has not heard of it"
    endings.settle()
    assert endings.questions() == ["stopped"] and endings.subjects() == [QUESTION, ENDED]
    assert "No answer came" not in endings.mail(ENDED)


def test_a_case_that_takes_gifts_again_lets_them_go_on_and_may_end_again(endings: Endings) -> None:
    gift = endings.given()
    endings.turn(gift, CaseStatus.CLOSED)
    link = endings.link
    endings.turn(gift, CaseStatus.ACTIVE)
    assert endings.questions() == [] and endings.standing(gift) == ("active", None)
    assert endings.subjects() == [QUESTION, KEPT] and "takes gifts again" in endings.mail(KEPT)
    assert "There is nothing to answer" in endings.page(link)
    endings.renew(gift)
    assert endings.raised(gift.case_id) == 2000
    with time_machine.travel(clock.now() + timedelta(days=1)):
        endings.turn(gift, CaseStatus.WON)
        assert endings.questions() == ["open"] and endings.subjects() == [QUESTION, KEPT, QUESTION]


def test_who_came_back_to_a_fund_is_asked_again_when_its_case_ends_again(endings: Endings) -> None:
    gift = endings.given()
    there, slug = endings.case()
    endings.turn(gift, CaseStatus.CLOSED)
    endings.answered(f"fund:{slug}")
    endings.turn(gift, CaseStatus.ACTIVE)
    with time_machine.travel(clock.now() + timedelta(days=1)):
        endings.turn_case(there, CaseStatus.CLOSED)
        endings.answered(f"fund:{gift.slug}")
        assert endings.questions() == ["moved", "moved"] and endings.fund(gift) == gift.case_id
    with time_machine.travel(clock.now() + timedelta(days=2)):
        endings.turn(gift, CaseStatus.WON)
        assert sorted(endings.questions()) == ["moved", "open"] and endings.standing(gift)[0] == "paused"
        assert endings.subjects().count(QUESTION) == 3


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("answer", ["fund:", "reopened"])
def test_a_donors_own_pause_outlives_the_question(endings: Endings, ends: bool, answer: str) -> None:
    gift = endings.given()
    until = clock.months_later(clock.now(), 3).replace(microsecond=0) if ends else None
    endings.wish(gift, lambda donation: changes.pause(donation, until))
    if not ends:  # Stripe has not heard of the other one when the case ends
        endings.settle()
    endings.turn(gift, CaseStatus.CLOSED)
    assert endings.standing(gift) == ("paused", None)
    if answer == "reopened":
        endings.turn(gift, CaseStatus.ACTIVE)
    else:
        assert "it stays paused as you wished" in endings.page()
        endings.answered(answer)
    assert endings.standing(gift) == ("paused", until)
    words = f"Nothing is taken before {clock.day(until.date())}" if until else "until you let it go on"
    assert words in endings.mail(KEPT if answer == "reopened" else MOVED)


def test_a_pause_that_is_over_meanwhile_is_over(endings: Endings) -> None:
    gift = endings.given()
    endings.wish(gift, lambda donation: changes.pause(donation, clock.now() + timedelta(days=3)))
    endings.turn(gift, CaseStatus.CLOSED)
    link = endings.link
    with time_machine.travel(clock.now() + timedelta(days=4)):
        endings.answered("fund:", link)
        assert endings.standing(gift) == ("active", None)


def test_who_lets_the_gift_go_on_elsewhere_pays_nothing_to_a_case_that_is_over(endings: Endings) -> None:
    gift = endings.given()
    endings.turn(gift, CaseStatus.WON)
    endings.wish(gift, changes.resume)
    endings.settle()
    endings.settle()
    assert endings.standing(gift) == ("paused", None) and endings.pause_at_stripe(gift) is not None
    assert endings.questions() == ["open"]
