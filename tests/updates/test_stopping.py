"""Paused and cancelled while a real worker mails over a real server: one mail in hand may go, and every number holds."""

import pytest
from sqlalchemy import func, select

from core.db import db
from core.jobs import Job
from petitions.updates import services
from tests.conftest import BASE
from tests.core.smtp import receiving
from tests.updates.conftest import AUTHOR, News
from tests.updates.many import address_of, sign_many, start_worker
from tests.updates.test_kills import until

MANY, STOPPED_AT = 40, 12


def in_hand(news: News) -> int:
    with news.app.app_context():
        running = (Job.kind == "mail", Job.state == "running")
        return db.session.scalar(select(func.count()).select_from(Job).where(*running)) or 0


@pytest.mark.parametrize("act", ["pause", "cancel"])
def test_one_mail_in_hand_goes_and_no_other(news: News, act: str) -> None:
    settings = news.app.config["UNDERSIGNED"]
    with news.app.app_context():
        sign_many(news.campaign.id, MANY)
    with receiving(news.app) as server:
        received = server.inbox.received
        sent = news.draft()

        def stop() -> None:
            """Pressed while the worker waits for the server's answer to this very mail."""
            if len(received) == STOPPED_AT:
                news.act(sent, act)

        server.inbox.meanwhile = stop
        news.do(sent, services.schedule, actor=AUTHOR)
        environment = {
            **BASE, "UNDERSIGNED_DATA": str(settings.data), "DATABASE_URL": settings.database_url,
            "SMTP_URL": f"smtp://127.0.0.1:{server.port}",
        }  # fmt: skip
        worker = start_worker(environment)
        try:
            until(lambda: len(received) >= STOPPED_AT and not in_hand(news), "the mail in hand ends")
            news.campaign.sign("late@example.org")
            until(lambda: len(received) > STOPPED_AT, "what is no update goes on")
            assert [one.rcpt_tos for one in received[STOPPED_AT:]] == [["late@example.org"]]
            seen = news.progress(sent)
            assert seen.sent == STOPPED_AT
            if act == "cancel":
                assert (seen.waiting, seen.lost) == (0, {"cancelled": MANY - STOPPED_AT})
                return
            assert (seen.waiting, seen.lost) == (MANY - STOPPED_AT, {})
            news.act(sent, "resume")
            until(lambda: news.state(sent) == "sent", "the update ends")
        finally:
            worker.terminate()
            worker.wait()
        reached = [one.rcpt_tos[0] for one in received if one.rcpt_tos != ["late@example.org"]]
        assert sorted(reached) == sorted(map(address_of, range(MANY))) and news.progress(sent).sent == MANY
