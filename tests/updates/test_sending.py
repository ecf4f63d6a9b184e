"""Updates: to those who asked for them, each mailbox once, until they end it."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from cases.models import Event
from core import clock, switches
from core.db import db
from core.jobs import Job
from core.relay import MailHour
from organisers.updates import jobs as update_jobs
from petitions.models import ConsentText, Signature
from petitions.updates import sending, services
from petitions.updates.models import Update, UpdateMark
from tests.organisers.conftest import enter
from tests.petitions.conftest import make_campaign
from tests.petitions.own_pages import letters, own_page, press
from tests.petitions.test_invitations import Letter
from tests.updates.conftest import AUTHOR, COLLEAGUE, SUBJECT, News, part
from tests.updates.many import sign_many

WRITTEN = {"subject": SUBJECT, "audience": "signatories", "country": ""}
REMOTE = re.compile(r"<(?:img|link|script|iframe|video|audio|object|embed|style)|src=|url\(|@import", re.IGNORECASE)


def test_it_goes_to_those_who_asked_for_news_and_to_nobody_else(news: News) -> None:
    news.signed("ada@example.org", "bob@example.org")
    news.campaign.signed("carl@example.org")
    news.campaign.sign("never-confirmed@example.org", updates="y")
    sent = news.send()
    assert news.reached() == ["ada@example.org", "bob@example.org"]
    assert news.state(sent) == "sent" and news.progress(sent).sent == 2


def test_it_is_plain_text_and_simple_html_without_anything_remote(news: News) -> None:
    news.signed("ada@example.org")
    news.send(
        body="They are *free*. ![pixel](https://evil.example/p.gif) <img src=x> Read [more](https://example.org/more)."
    )
    letter = news.letters()[0]
    assert letter.get_content_type() == "multipart/alternative" and letter["Subject"] == SUBJECT
    plain, html = part(letter, "plain"), part(letter, "html")
    assert "They are free." in plain and "more <https://example.org/more>" in plain
    assert "<em>free</em>" in html and 'href="https://example.org/more"' in html
    assert not REMOTE.search(html.replace("&lt;img src=x&gt;", ""))
    for act in ("/withdraw", "/disown"):
        assert re.search(rf"/signatures/[\w-]{{43}}{act}", plain) and re.search(rf"/signatures/[\w-]{{43}}{act}", html)


def test_withdrawing_by_its_link_works(news: News) -> None:
    news.signed("ada@example.org")
    news.send()
    link = re.search(r"/signatures/[\w-]{43}/withdraw", part(news.letters()[0], "plain"))
    assert link and news.campaign.press(link[0]).status_code == 303
    assert news.campaign.count() == 0


def test_each_signatory_is_written_in_the_language_of_signing_where_that_was_written(news: News) -> None:
    news.signed("ada@example.org", "bob@example.org")
    with news.app.app_context():
        bobs = db.session.scalars(select(Signature).order_by(Signature.id.desc())).first()
        bobs.consent_digest = in_language("de", bobs.consent_digest)
        db.session.commit()
    made = news.draft()
    news.do(made, services.write, language="de", actor=AUTHOR, subject="Nachricht", body="Sie sind frei.")
    news.do(made, services.schedule, actor=AUTHOR)
    news.campaign.work()
    assert {letter["To"]: letter["Subject"] for letter in news.letters()} == {
        "ada@example.org": SUBJECT, "bob@example.org": "Nachricht",
    }  # fmt: skip


def test_the_original_is_what_was_written_first_whatever_language_the_petition_has_by_now(news: News) -> None:
    office = enter(news.app)
    news.signed("ada@example.org", "bob@example.org")
    made = news.draft(headline="Both are free")
    news.do(made, services.write, language="fr", actor=AUTHOR, subject="Nouvelles", body="Ils sont libres.")
    with news.app.app_context():
        bobs = db.session.scalars(select(Signature).order_by(Signature.id.desc())).first()
        bobs.consent_digest = in_language("fr", bobs.consent_digest)
        db.session.get_one(Update, made).petition.language = "de"
        db.session.commit()
    page = f"/office/petitions/{news.campaign.id}/updates/{made}"
    assert SUBJECT in office.get(page)
    office.saved(f"{page}/edit", **{**WRITTEN, "body": "They are *home*.", "headline": "Both are free"})
    office.saved(f"{page}/send", starts_at="")
    news.campaign.work()
    assert {letter["To"]: letter["Subject"] for letter in news.letters()} == {
        "ada@example.org": SUBJECT, "bob@example.org": "Nouvelles",
    }  # fmt: skip
    with news.app.app_context():
        assert db.session.scalars(select(Event.body).where(Event.title == "Both are free")).one() == "They are *home*."
        assert list(db.session.get_one(Update, made).texts) == ["en", "fr"]


def in_language(language: str, digest: str) -> str:
    """The text agreed to, as if it had been shown in another language."""
    was = db.session.get_one(ConsentText, digest)
    values = {column.key: getattr(was, column.key) for column in ConsentText.__table__.columns}
    db.session.add(ConsentText(**{**values, "digest": language.ljust(64, "0"), "language": language}))
    db.session.flush()
    return language.ljust(64, "0")


def test_one_country_may_be_chosen(news: News) -> None:
    news.signed("ada@example.org", country="IE")
    news.signed("bob@example.org", country="AT")
    news.send(country="AT")
    assert news.reached() == ["bob@example.org"]


def test_a_mail_program_ends_the_news_of_this_petition_with_one_click(news: News, app: Flask) -> None:
    news.signed("ada@example.org", "bob@example.org")
    other = News(make_campaign(app))
    other.signed("ada@example.org")
    news.send()
    letter = news.letters("ada@example.org")[0]
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = letter["List-Unsubscribe"].strip("<>").removeprefix("http://localhost")
    assert path.startswith("/unsubscribe/updates/")
    page = app.test_client().get(path)
    assert page.status_code == 200 and "Send me no more of this news" in page.text
    assert app.test_client().post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    second = news.draft()
    news.do(second, services.approve, actor=COLLEAGUE)
    news.do(second, services.schedule, actor=AUTHOR)
    news.campaign.work()
    assert news.reached() == ["ada@example.org", "bob@example.org", "bob@example.org"]
    assert news.progress(second).skipped == {"unsubscribed": 1}
    other.send()
    assert len(news.letters("ada@example.org")) == 2, "only this petition's news has ended"


def test_who_asks_for_news_again_gets_it_again(news: News, app: Flask) -> None:
    page = own_page(news.campaign, "ada@example.org", updates="y")
    news.send()
    path = news.letters()[0]["List-Unsubscribe"].strip("<>").removeprefix("http://localhost")
    app.test_client().post(path, data={"List-Unsubscribe": "One-Click"})
    press(news.campaign, page, "updates", updates="yes")
    news.campaign.work()
    news.announce("answered")
    assert len(news.letters("ada@example.org")) == 2


def test_never_write_to_me_again_ends_it_too(news: News, app: Flask) -> None:
    news.signed("ada@example.org")
    news.send()
    path = re.search(r"http://localhost(/unsubscribe/[\w-]{43})\s", part(news.letters()[0], "plain"))
    assert path and app.test_client().post(path[1], data={"stop": "yes"}).status_code == 200
    second = news.announce("answered")
    assert len(news.letters()) == 1 and news.progress(second).skipped == {"unsubscribed": 1}


def test_a_changed_text_is_told_whoever_signed_and_a_victory_those_who_asked(news: News) -> None:
    news.signed("ada@example.org")
    news.campaign.signed("bob@example.org")
    for kind in ("changed", "victory"):
        news.announce(kind)
    assert news.reached() == ["ada@example.org", "ada@example.org", "bob@example.org"]


def test_two_within_a_week_need_a_second_organiser(news: News) -> None:
    news.signed("ada@example.org")
    news.send()
    second = news.draft()
    with pytest.raises(services.NeedsApproval):
        news.do(second, services.schedule, actor=AUTHOR)
    with pytest.raises(services.OwnApproval):
        news.do(second, services.approve, actor=AUTHOR)
    assert news.state(second) == "draft"
    news.do(second, services.approve, actor=COLLEAGUE)
    news.do(second, services.write, language="en", actor=AUTHOR, subject="Another", body="Text.")
    with pytest.raises(services.NeedsApproval):
        news.do(second, services.schedule, actor=AUTHOR)  # what was approved was another text
    news.do(second, services.approve, actor=COLLEAGUE)
    news.do(second, services.schedule, actor=AUTHOR)
    news.campaign.work()
    assert len(news.letters("ada@example.org")) == 2


def test_a_week_later_no_approval_is_needed_and_what_is_no_longer_needed_is_forgotten(news: News) -> None:
    news.signed("ada@example.org")
    news.send()
    with time_machine.travel(clock.now() + timedelta(days=9)):
        news.campaign.work()
        with news.app.app_context():
            assert db.session.scalar(select(func.count()).select_from(UpdateMark)) == 0
            left = select(func.count()).select_from(Job).where(Job.key.startswith("mail:update:"))
            assert db.session.scalar(left) == 0
        assert news.progress(news.send()).sent == 1


def test_other_countries_need_no_approval(news: News) -> None:
    news.signed("ada@example.org", country="IE")
    news.signed("bob@example.org", country="AT")
    news.send(country="AT")
    news.send(country="IE")
    assert news.reached() == ["ada@example.org", "bob@example.org"]


def test_paused_nothing_goes_resumed_the_rest_goes_and_each_once(news: News, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "AT_ONCE", 2)
    monkeypatch.setattr(sending, "WINDOW", 2)
    news.signed(*(f"p{number}@example.org" for number in range(5)))
    held(news)
    sent = news.send()
    assert news.progress(sent).waiting == 2 and news.reached() == []
    news.act(sent, "pause")
    open_again(news)
    assert news.reached() == [] and news.state(sent) == "paused"
    news.act(sent, "resume")
    news.campaign.work()
    assert news.reached() == [f"p{number}@example.org" for number in range(5)] and news.state(sent) == "sent"


def test_cancelled_what_waits_never_goes(news: News, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "WINDOW", 2)
    monkeypatch.setattr(sending, "AT_ONCE", 2)
    news.signed(*(f"p{number}@example.org" for number in range(5)))
    held(news)
    sent = news.send()
    news.act(sent, "cancel")
    open_again(news)
    assert news.reached() == [] and news.state(sent) == "cancelled"
    assert news.progress(sent).lost == {"cancelled": 2} and news.progress(sent).sent == 0


def test_who_leaves_or_wants_no_more_news_before_the_mail_goes_gets_none(news: News) -> None:
    pages = {name: own_page(news.campaign, f"{name}@example.org", updates="y") for name in ("ada", "bob", "carl")}
    held(news)
    sent = news.send()
    assert news.progress(sent).waiting == 3
    press(news.campaign, pages["ada"], "withdraw")
    press(news.campaign, pages["bob"], "updates", updates="no")
    open_again(news)
    assert news.reached() == ["carl@example.org"] and news.progress(sent).lost == {"unwanted": 2}
    assert news.state(sent) == "sent"


def test_it_stands_on_the_cases_page_where_that_is_wished(news: News) -> None:
    news.signed("ada@example.org")
    news.send(headline="Both are free")
    with news.app.app_context():
        told = db.session.scalars(select(Event).where(Event.title == "Both are free")).one()
        assert "They are *free*." in told.body


def test_a_scheduled_one_waits_for_its_time_and_can_be_taken_back(news: News) -> None:
    news.signed("ada@example.org")
    made = news.draft()
    news.do(made, services.schedule, actor=AUTHOR, starts_at=clock.now() + timedelta(hours=3))
    news.campaign.work()
    assert news.reached() == []
    news.act(made, "unschedule")
    news.do(made, services.schedule, actor=AUTHOR, starts_at=clock.now() + timedelta(hours=5))
    with time_machine.travel(clock.now() + timedelta(hours=4)):
        news.campaign.work()
        assert news.reached() == []
    with time_machine.travel(clock.now() + timedelta(hours=6)):
        news.campaign.work()
    assert news.reached() == ["ada@example.org"]


def held(news: News) -> None:
    with news.app.app_context():
        switches.turn(actor="test", mailing=False)
        db.session.commit()
        switches.forget()


def open_again(news: News) -> None:
    with news.app.app_context():
        switches.turn(actor="test", mailing=True)
        db.session.commit()
        switches.forget()
    news.campaign.work()


def test_erasing_the_petition_takes_back_what_waits_and_forgets_whom_it_reached(news: News) -> None:
    news.signed("ada@example.org", "bob@example.org")
    held(news)
    sent = news.send()
    assert news.progress(sent).waiting == 2
    enter(news.app).saved(f"/office/petitions/{news.campaign.id}/erase", typed=news.campaign.slug)
    open_again(news)
    assert news.reached() == [] and news.state(sent) == "cancelled" and news.progress(sent).waiting == 0
    with news.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(UpdateMark)) == 0
        left = select(func.count()).select_from(Job).where(Job.key.startswith("mail:update:"), Job.blob.is_not(None))
        assert db.session.scalar(left) == 0


def test_two_workers_promise_each_batch_once(news: News, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "AT_ONCE", 3)
    with news.app.app_context():
        sign_many(news.campaign.id, 40)
    made = news.draft()
    news.do(made, services.schedule, actor=AUTHOR)

    def work(_number: int) -> None:
        with news.app.app_context():
            while update_jobs.send():
                pass

    with ThreadPoolExecutor(3) as workers:
        list(workers.map(work, range(3)))
    news.campaign.work()
    assert len(news.reached()) == len(set(news.reached())) == 40
    assert news.progress(made).sent == 40 and news.state(made) == "sent"


def test_who_signed_by_invitation_is_told_of_a_change_with_the_link_that_takes_it_back(app: Flask) -> None:
    letter = Letter(app, make_campaign(app, invited_only=True), enter(app))
    letter.invite()
    letter.sign("bert@senate.example")
    news = News(letter.campaign)
    news.announce("changed", reason="A date was wrong.")
    assert news.reached() == ["bert@senate.example"]
    link = re.search(r"http://localhost(/invitations/[\w-]{43})\s", part(news.letters()[0], "plain"))
    assert link and news.campaign.press(f"{link[1]}/withdraw").status_code == 303
    assert news.campaign.count() == 0


def test_a_reader_on_paper_is_not_written_to(news: News, app: Flask) -> None:
    news.signed("ada@example.org", "bob@example.org")
    with app.app_context():
        db.session.scalars(select(Signature).order_by(Signature.id)).first().method = "paper"  # type: ignore[union-attr, assignment]
        db.session.commit()
    news.send()
    assert news.reached() == ["bob@example.org"]


def test_confirmations_go_before_updates_where_the_provider_takes_few(news: News) -> None:
    news.signed(*(f"p{number}@example.org" for number in range(4)))
    with news.app.app_context():
        gone = db.session.scalar(select(func.sum(MailHour.sent))) or 0
        switches.turn(actor="test", mails_an_hour=gone + 3)
        db.session.commit()
        switches.forget()
    made = news.draft()
    news.do(made, services.schedule, actor=AUTHOR)
    news.campaign.sign("late@example.org")
    news.campaign.work()
    written = [letter.to for letter in letters(news.campaign)]
    assert "late@example.org" in written and 0 < len(news.reached()) < 4, (
        "one in twenty is kept back, and hers came first"
    )


def test_nobody_approves_their_own_in_the_database_either(news: News) -> None:
    made = news.draft()
    with news.app.app_context(), pytest.raises(IntegrityError):
        db.session.get_one(Update, made).approved_by = AUTHOR
        db.session.commit()
