"""The worker is killed (-9) while an update goes out over a real mail server, twice: nobody is left out, nobody gets two."""

import signal
import time
from collections import Counter
from collections.abc import Callable

from petitions.updates import services
from tests.conftest import BASE
from tests.core.smtp import receiving
from tests.updates.conftest import AUTHOR, News
from tests.updates.many import address_of, forget_leases, sign_many, start_worker

MANY, KILLED_AT = 300, (90, 190)
SLOWEST = 90.0


def until(look: Callable[[], bool], what: str) -> None:
    last = time.monotonic() + SLOWEST
    while not look():
        assert time.monotonic() < last, what
        time.sleep(0.005)


def test_a_worker_that_is_killed_twice_reaches_everybody_once(news: News) -> None:
    settings = news.app.config["UNDERSIGNED"]
    with news.app.app_context():
        sign_many(news.campaign.id, MANY)
    with receiving(news.app) as server:
        received = server.inbox.received
        environment = {
            **BASE, "UNDERSIGNED_DATA": str(settings.data), "DATABASE_URL": settings.database_url,
            "SMTP_URL": f"smtp://127.0.0.1:{server.port}", "MAIL_BOUNCES": "bounces@campaign.example",
        }  # fmt: skip
        sent = news.draft()
        news.do(sent, services.schedule, actor=AUTHOR)
        for wanted in KILLED_AT:
            worker = start_worker(environment)
            until(lambda wanted=wanted: len(received) >= wanted, "the worker sends")  # type: ignore[misc]
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            forget_leases(news.app)
        assert len(received) < MANY, "killed in the middle"
        worker = start_worker(environment)
        try:
            until(lambda: news.state(sent) == "sent", "the update ends")
        finally:
            worker.terminate()
            worker.wait()
        mails = server.inbox.mails()
    reached = {mail["Message-ID"]: mail["To"] for mail in mails}
    assert sorted(reached.values()) == sorted(map(address_of, range(MANY)))
    assert len(mails) - len(reached) <= len(KILLED_AT), (
        "only what was in hand when it was killed goes again, as the same mail"
    )
    paths = Counter(envelope.mail_from for envelope in received)
    assert len(paths) == MANY and all(path.startswith("bounces+") for path in paths)
    assert news.progress(sent).sent == MANY
