"""What the office is told of mail: what waits and until when, and that it has stopped."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import update

from core import clock, mail, relay, switches
from core.db import db
from core.relay import MailHour
from core.vault import SITE, vault
from tests.core.smtp import Server, receiving
from tests.organisers.conftest import EMAIL, Office, enter
from tests.petitions.conftest import make_campaign


@pytest.fixture
def server(office: Office) -> Iterator[Server]:
    with receiving(office.app) as made:
        yield made


def promise(office: Office, count: int) -> None:
    with office.app.app_context():
        vault().prepare(SITE)
        context = {"kind": "k", "advice": "a", "detail": [], "office": "o"}
        for number in range(count):
            mail.promise("alarm", to=f"p{number}@example.org", key=str(number), context=context)
        db.session.commit()


def turn(office: Office, **values: object) -> None:
    with office.app.app_context():
        switches.turn(actor="test", **values)
        db.session.commit()
        switches.forget()


def drain(office: Office) -> None:
    with office.app.app_context():
        office.app.extensions["jobs"].drain()


def test_the_dashboard_says_what_waits_and_when_it_has_gone(office: Office) -> None:
    assert "mails wait to be sent" not in office.get("/office/")
    promise(office, 40)
    assert "40 mails wait to be sent. They go out one after the other" in " ".join(office.get("/office/").split())
    with time_machine.travel(clock.to_hour(clock.now()) + timedelta(hours=1), tick=False):
        office = enter(office.app)  # an hour later nobody is logged in any more
        turn(office, mails_an_hour=20)
        page = " ".join(office.get("/office/").split())
        day = clock.to_hour(clock.now()) + timedelta(hours=2)
    assert f"the last one goes on {clock.day(day.date())} at about {day:%H:%M} UTC" in page
    office = enter(office.app)
    turn(office, mailing=False)
    assert "Mailing is switched off" in office.get("/office/")


def test_the_alarm_that_mailing_has_stopped_reaches_the_organisers_all_the_same(office: Office, server: Server) -> None:
    with office.app.app_context():
        relay.count()
        db.session.execute(update(MailHour).values(sent=60, refused=10))
        db.session.commit()
    promise(office, 3)
    server.inbox.rcpt_answers = ["550 nobody here"]
    drain(office)
    [told] = server.inbox.mails()
    assert told["To"] == EMAIL
    assert "stopped writing to signatories" in told.get_content() and "mail-refused" in told.get_content()
    assert "2 mails wait to be sent" in office.get("/office/")


def test_one_press_turns_mailing_on_after_the_breaker_and_writes_again_to_whom_it_counted(
    office: Office, server: Server
) -> None:
    """Fifty are refused by a provider that names no reason: the breaker stops, and nobody is lost."""
    campaign = make_campaign(office.app)
    for number in range(52):
        assert campaign.sign(f"p{number}@example.org").status_code == 303
    server.inbox.rcpt_answers = ["550 no more today"] * 50
    drain(office)
    assert server.inbox.mails()[0]["To"] == EMAIL
    page = " ".join(office.get("/office/").split())
    assert "Mail again, and write once more to the 50 who were refused" in page
    assert "Refused by the mailbox’s server" in office.get(f"/office/petitions/{campaign.id}/held")
    office.saved("/office/mail/again")
    assert "50 signatories who were refused" in office.get("/office/")
    drain(office)
    written = {str(mail["To"]) for mail in server.inbox.mails()} - {EMAIL}
    assert written == {f"p{number}@example.org" for number in range(52)}
    assert "Mailing goes on already" in office.get(office.saved("/office/mail/again"))


def test_who_switched_mailing_off_finds_nothing_to_write_again(office: Office) -> None:
    turn(office, mailing=False)
    assert "write once more" not in office.get("/office/")
    office.saved("/office/mail/again")
    assert "Mailing is switched off" in office.get("/office/")
