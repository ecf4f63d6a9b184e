"""Clocks that start when a mail is sent: links, codes, reminders, expiry; and mails that never go."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select, update

from core import clock, switches, unsubscribes
from core.db import db
from core.jobs import Job
from petitions import confirmation_services, services
from petitions.mails import CONFIRM_LIFE
from petitions.models import Petition, SignatureToken, Submission
from petitions.states import HeldReason, PetitionState, SubmissionState
from tests.core.smtp import Server, receiving
from tests.petitions.conftest import Campaign


@pytest.fixture
def server(campaign: Campaign) -> Iterator[Server]:
    with receiving(campaign.app) as made:
        yield made


def mailing(campaign: Campaign, on: bool) -> None:
    with campaign.app.app_context():
        switches.turn(actor="test", mailing=on)
        db.session.commit()
        switches.forget()


def close(campaign: Campaign) -> None:
    with campaign.app.app_context():
        services.move(services.get(campaign.id), PetitionState.CLOSED)
        db.session.commit()


def expire(campaign: Campaign) -> None:
    with campaign.app.app_context():
        confirmation_services.expire()


def test_every_mail_shows_the_same_ways_out_and_a_neutral_subject(campaign: Campaign) -> None:
    with time_machine.travel(clock.now()) as now:
        campaign.sign()
        campaign.work()
        now.shift(timedelta(days=3, minutes=1))
        campaign.work()
        campaign.press(campaign.mails()[0].links["confirm"])
        campaign.work()
        campaign.sign()
        campaign.work()
    mails = campaign.mails()
    assert [mail.subject for mail in mails] == [
        "Please confirm your address",
        "Your confirmation is still open",
        "Your confirmation, and how to undo it",
        "About your address",
    ]
    for mail in mails:
        assert {"withdraw", "disown"} <= mail.links.keys()
        for link in (r"/signatures/[\w-]{43}$", r"/unsubscribe/[\w-]{43}$"):
            assert len(re.findall(f"(?m)^http://localhost{link}", mail.text)) == 1
        assert not re.search("petition|sign|ada", mail.subject.lower())


def test_a_mail_that_waited_a_month_starts_every_clock_when_it_goes(campaign: Campaign) -> None:
    mailing(campaign, False)
    campaign.sign()
    with time_machine.travel(clock.now()) as now:
        campaign.work()
        for _ in range(3):
            now.shift(timedelta(days=15))
            campaign.work()
            expire(campaign)
        assert campaign.mails() == []
        assert campaign.submissions()[0].state == SubmissionState.MAILED
        mailing(campaign, True)
        campaign.work()
        sent_at = clock.now()
        (mail,) = campaign.mails()
        assert f"until {clock.day((sent_at + CONFIRM_LIFE).date())}." in mail.text
        (submission,) = campaign.submissions()
        assert abs(submission.mailed_at - sent_at) < timedelta(minutes=1)  # type: ignore[operator]
        lives = submission.expires_at - submission.mailed_at  # type: ignore[operator]
        assert abs(lives - CONFIRM_LIFE) < timedelta(minutes=1)
        now.shift(CONFIRM_LIFE - timedelta(minutes=1))
        expire(campaign)
        assert "<button" in campaign.client.get(mail.links["confirm"]).text
        assert campaign.press(mail.links["confirm"]).status_code == 303
    assert campaign.count() == 1


def test_an_old_link_says_that_its_time_is_over_and_offers_to_sign_again(campaign: Campaign) -> None:
    campaign.sign()
    campaign.work()
    link = campaign.mails()[0].links["confirm"]
    with time_machine.travel(clock.now() + CONFIRM_LIFE + timedelta(minutes=1)):
        answers = [campaign.client.get(link), campaign.press(link)]
        expire(campaign)
        answers += [campaign.client.get(link), campaign.press(link)]
    for answer in answers:
        assert answer.status_code == 410
        assert "time to confirm is over" in answer.text and f"/petitions/{campaign.slug}#sign" in answer.text
    assert campaign.count() == 0
    (submission,) = campaign.submissions()
    assert submission.state == SubmissionState.EXPIRED and submission.blob is None
    with time_machine.travel(clock.now() + CONFIRM_LIFE + timedelta(days=131)):
        expire(campaign)
        assert campaign.client.get(link).status_code == 404
    with campaign.app.app_context():
        purposes = set(db.session.scalars(select(SignatureToken.purpose)))
    assert purposes == {"withdraw", "disown"}, "what needs no memory any more is gone"


def test_a_link_to_leave_that_is_too_old_offers_a_new_one(campaign: Campaign) -> None:
    mail = campaign.signed()
    with time_machine.travel(clock.now() + timedelta(days=366)):
        answer = campaign.client.get(mail.links["withdraw"])
    assert answer.status_code == 410
    assert f"/signatures/manage?petition={campaign.slug}" in answer.text and "Mail me a new link" in answer.text


def test_a_used_link_shows_that_the_signature_counts(campaign: Campaign) -> None:
    link = campaign.signed().links["confirm"]
    shown = campaign.client.get(link)
    assert shown.status_code == 200 and "Your signature counts" in shown.text and "<button" not in shown.text
    with time_machine.travel(clock.now() + timedelta(days=40)):
        late = campaign.client.get(link)
    assert late.status_code == 410 and "Your signature counts" in late.text


def test_a_discarded_and_a_held_one_have_words_of_their_own(campaign: Campaign) -> None:
    campaign.sign()
    campaign.work()
    link = campaign.mails()[0].links["confirm"]
    for state, words in ((SubmissionState.DISCARDED, "was not taken"), (SubmissionState.HELD, "is being looked at")):
        with campaign.app.app_context():
            db.session.execute(update(Submission).values(state=state))
            db.session.commit()
        answer = campaign.client.get(link)
        assert answer.status_code == 200 and words in answer.text and "<button" not in answer.text
        assert campaign.press(link).status_code == 303
    assert campaign.count() == 0


def test_who_has_not_confirmed_is_reminded_once_after_three_days(campaign: Campaign) -> None:
    campaign.sign("late@example.org")
    campaign.signed("prompt@example.org")
    with time_machine.travel(clock.now()) as now:
        now.shift(timedelta(days=2.9))
        campaign.work()
        assert len(campaign.mails("late@example.org")) == 1
        now.shift(timedelta(days=0.2))
        campaign.work()
        first, reminder = campaign.mails("late@example.org")
        assert "confirm" in reminder.links and reminder.code == first.code
        assert reminder.subject == "Your confirmation is still open"
        for _ in range(3):
            now.shift(timedelta(days=4))
            campaign.work()
            texts = {mail.text for mail in campaign.mails()[-1:]}
            assert texts <= {first.text, reminder.text}, "once is enough"
        now.shift(timedelta(days=6))  # more than 21 days after the first mail, 18 after the reminder
        assert "A newer mail" in campaign.client.get(first.links["confirm"]).text
        assert campaign.press(reminder.links["confirm"]).status_code == 303
    assert campaign.count() == 2


@pytest.mark.parametrize("obstacle", ["closed", "paused", "enough mails", "withdrawn", "confirmed meanwhile"])
def test_nobody_is_reminded_in_vain(campaign: Campaign, obstacle: str) -> None:
    campaign.sign()
    campaign.work()
    (mail,) = campaign.mails()
    with campaign.app.app_context():
        if obstacle == "enough mails":
            db.session.execute(update(Submission).values(mails=5))
        elif obstacle == "paused":
            services.move(services.get(campaign.id), PetitionState.PAUSED)
        db.session.commit()
    if obstacle == "closed":
        close(campaign)
    elif obstacle == "withdrawn":
        campaign.press(mail.links["withdraw"])
    elif obstacle == "confirmed meanwhile":  # the reminder waits behind the provider's limit when it happens
        mailing(campaign, False)
        with time_machine.travel(clock.now() + timedelta(days=4)):
            campaign.work()
            campaign.press(mail.links["confirm"])
        mailing(campaign, True)
    with time_machine.travel(clock.now() + timedelta(days=4, hours=1)):
        campaign.work()
    assert "Your confirmation is still open" not in [mail.subject for mail in campaign.mails()]


@pytest.mark.parametrize("minutes", [-1, 0, 1])
def test_confirming_counts_until_a_day_after_closing_to_the_minute(campaign: Campaign, minutes: int) -> None:
    campaign.sign()
    campaign.work()
    link = campaign.mails()[0].links["confirm"]
    close(campaign)
    closed_at = campaign.fresh(select(Petition.closes_at))
    with time_machine.travel(closed_at + timedelta(hours=24, minutes=minutes), tick=False):
        answer = campaign.press(link)
    assert answer.status_code == (303 if minutes < 0 else 409)
    assert campaign.count() == (1 if minutes < 0 else 0)


@pytest.mark.parametrize("seconds", [-1, 0, 1])
def test_what_was_sent_at_closing_or_after_cannot_be_confirmed(campaign: Campaign, seconds: int) -> None:
    campaign.sign()
    campaign.work()
    close(campaign)
    with campaign.app.app_context():
        closed_at = db.session.scalar(select(Petition.closes_at))
        db.session.execute(update(Submission).values(received_at=closed_at + timedelta(seconds=seconds)))
        db.session.commit()
    assert campaign.press(campaign.mails()[0].links["confirm"]).status_code == (303 if seconds < 0 else 409)


def test_a_dead_mailbox_is_set_aside_at_once_and_forgotten_in_time(campaign: Campaign, server: Server) -> None:
    campaign.sign("dead@example.org")
    server.inbox.rcpt_answers = ["550 nobody here"]
    campaign.work()
    (held,) = campaign.submissions()
    assert (held.state, held.held_reason, held.mailed_at) == (SubmissionState.HELD, HeldReason.REFUSED, None)
    with campaign.app.app_context():
        assert db.session.scalars(select(Job.state).where(Job.kind == "mail")).all() == ["done"]
        assert db.session.scalars(select(Job).where(Job.kind == "alarm")).all() == []
    for days, state in ((20, SubmissionState.HELD), (22, SubmissionState.EXPIRED)):
        with time_machine.travel(clock.now() + timedelta(days=days)):
            expire(campaign)
        assert campaign.submissions()[0].state == state
    assert campaign.submissions()[0].blob is None


def test_a_later_mail_that_is_refused_takes_nothing_from_the_first(campaign: Campaign, server: Server) -> None:
    campaign.sign()
    campaign.work()
    server.inbox.rcpt_answers = ["550 full for good"]
    with time_machine.travel(clock.now() + timedelta(days=4)):
        campaign.work()
        (submission,) = campaign.submissions()
        assert submission.reminded_at is not None
        assert submission.state == SubmissionState.MAILED and submission.expires_at is not None


def test_nothing_expires_while_another_mail_that_may_confirm_it_waits(campaign: Campaign) -> None:
    campaign.sign()
    campaign.work()
    mailing(campaign, False)
    with time_machine.travel(clock.now()) as now:
        now.shift(timedelta(days=4))
        campaign.work()
        now.shift(timedelta(days=30))
        expire(campaign)
        assert campaign.submissions()[0].state == SubmissionState.MAILED
        mailing(campaign, True)
        campaign.work()
        now.shift(CONFIRM_LIFE - timedelta(hours=1))
        expire(campaign)
        assert campaign.press(campaign.mails()[-1].links["confirm"]).status_code == 303
    assert campaign.count() == 1


def test_an_address_that_stops_all_mail_while_one_waits_gets_none(campaign: Campaign) -> None:
    mailing(campaign, False)
    campaign.sign()
    campaign.work()
    with campaign.app.app_context():
        unsubscribes.stop(unsubscribes.token_of("ada@example.org"))
        db.session.commit()
    mailing(campaign, True)
    campaign.work()
    assert campaign.mails() == []
    assert campaign.submissions()[0].held_reason == HeldReason.UNSUBSCRIBED


def test_what_was_replaced_counts_for_its_address_as_long_as_its_links_would_have_lived(campaign: Campaign) -> None:
    sealed = campaign.sign("old@example.org").headers["Location"].partition("?t=")[2]
    campaign.work()
    campaign.press(f"/petitions/{campaign.slug}/thanks/address", t=sealed, email="new@example.org")
    campaign.work()
    assert campaign.submissions()[0].email_index is not None
    with time_machine.travel(clock.now() + CONFIRM_LIFE + timedelta(minutes=1)):
        expire(campaign)
    old = campaign.submissions()[0]
    assert (old.state, old.email_index, old.blob) == (SubmissionState.SUPERSEDED, None, None)


def test_the_owner_of_a_mistyped_address_may_silence_it(campaign: Campaign) -> None:
    sealed = campaign.sign("stranger@example.org").headers["Location"].partition("?t=")[2]
    campaign.work()
    campaign.press(f"/petitions/{campaign.slug}/thanks/address", t=sealed, email="own@example.org")
    campaign.work()
    assert campaign.press(campaign.mails("stranger@example.org")[0].links["disown"]).status_code == 303
    assert campaign.press(campaign.mails("own@example.org")[0].links["confirm"]).status_code == 303
    assert campaign.count() == 1, "the other address is not touched"
    campaign.sign("stranger@example.org")
    campaign.work()
    assert len(campaign.mails("stranger@example.org")) == 1
