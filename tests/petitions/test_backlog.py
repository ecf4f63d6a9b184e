"""A small provider and a large petition: everybody is written to in the end, and nobody twice; over a real SMTP server.

The 8,000 at 300 a day of a real campaign are in bench/relay.py; this is the tenth part, at a tenth of the pace."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine

from core import clock, relay, switches
from core.db import db
from petitions import services, submission_services
from petitions.counting import tallies
from petitions.states import Visibility
from tests.core.smtp import Server, receiving
from tests.petitions.conftest import Campaign

SIGNINGS, A_DAY = 800, 30


@pytest.fixture
def server(campaign: Campaign) -> Iterator[Server]:
    with receiving(campaign.app) as made:
        yield made


def test_800_signings_at_30_mails_a_day_and_nobody_is_lost(campaign: Campaign, server: Server) -> None:
    with campaign.app.app_context():
        switches.turn(actor="test", mails_a_day=A_DAY)
        db.session.commit()
        petition = services.get(campaign.id)
        for number in range(SIGNINGS):
            person = {
                "name": f"Person {number}", "email": f"p{number}@example.org", "postal_code": "", "role": "",
                "affiliation": "", "comment": "", "updates": False, "may_ask": False,
            }  # fmt: skip
            submission_services.submit(petition, country="IE", visibility=Visibility.COUNTED, source="", person=person)
    began = clock.now()
    with time_machine.travel(clock.to_hour(began), tick=False) as now:
        campaign.work()
        with campaign.app.app_context():
            foreseen = relay.backlog(relay.CONFIRMATION).clears_at
        assert foreseen is not None
        days: list[int] = []
        while len(server.inbox.received) < SIGNINGS and len(days) < 100:
            before = len(server.inbox.received)
            now.shift(timedelta(hours=25))
            campaign.work()
            days.append(len(server.inbox.received) - before)
        assert abs(clock.now() - foreseen) < timedelta(hours=26), "the dashboard told the day"
        asked = [mail for mail in server.inbox.mails() if mail["Subject"] == "Please confirm your address"]
        links = [re.search(r"http://localhost(/signatures/\S+/confirm)", mail.get_content()) for mail in asked[-3:]]
        assert [campaign.press(link[1]).status_code for link in links if link] == [303] * 3
        with campaign.app.app_context():
            assert tallies.fold() and tallies.total(campaign.id) == 3
    assert max(days) <= A_DAY
    assert sorted(mail["To"] for mail in asked) == sorted(f"p{number}@example.org" for number in range(SIGNINGS))
    subjects = [mail["Subject"] for mail in server.inbox.mails()]
    assert set(subjects[SIGNINGS:]) <= {"Your confirmation is still open"}, "reminders waited for all of them"
    assert all(one.mailed_at for one in campaign.submissions()), "nobody expired before the mail went"
