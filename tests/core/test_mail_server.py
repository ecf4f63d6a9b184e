"""One connection for many mails, and what becomes of a mail where the server ends it."""

import pytest
from sqlalchemy import select

from core import mail, mail_server
from core.db import db
from core.jobs import Job
from core.worker import Worker
from tests.core.smtp import Server
from tests.core.test_mail import Post
from tests.core.test_mail import post as post


@pytest.fixture(autouse=True)
def no_connection_yet() -> None:
    mail_server.hang_up()


def send(post: Post, *keys: str) -> None:
    for key in keys:
        post.promise(key=key, name=key)
    post.work()


def subjects(post: Post) -> list[str]:
    return [str(message["Subject"]).removeprefix("Hello ") for message in post.server.inbox.mails()]


def test_mails_go_over_one_connection_until_it_has_had_its_share(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    send(post, *"abcde")
    assert len(post.server.inbox.lines) == 1
    monkeypatch.setattr(mail_server, "MOST", 7)
    send(post, *"fgh")
    assert len(post.server.inbox.lines) == 2 and subjects(post) == list("abcdefgh")


@pytest.mark.parametrize(("name", "seconds", "lines"), [("SURE", 0.0, 1), ("KEPT", 0.0, 2)])
def test_one_that_has_rested_is_asked_first_and_one_that_has_rested_long_is_left(
    post: Post, monkeypatch: pytest.MonkeyPatch, name: str, seconds: float, lines: int
) -> None:
    send(post, "a")
    monkeypatch.setattr(mail_server, name, seconds)
    send(post, "b")
    assert len(post.server.inbox.lines) == lines and subjects(post) == ["a", "b"]


@pytest.mark.parametrize("sure", [0.0, 60.0])
def test_where_the_server_has_hung_up_meanwhile_the_mail_goes_over_a_new_one(
    post: Post, monkeypatch: pytest.MonkeyPatch, sure: float
) -> None:
    monkeypatch.setattr(mail_server, "SURE", sure)
    send(post, "a")
    post.server.cut()
    send(post, "b")
    assert subjects(post) == ["a", "b"] and len(post.server.inbox.lines) == 2
    assert jobs(post) == [("done", 1), ("done", 1)]


def test_a_server_that_has_had_enough_of_a_connection_gets_the_mail_over_a_new_one(post: Post) -> None:
    send(post, "a")
    post.server.inbox.rcpt_answers.append("421 4.7.0 Too many mails on this connection")
    send(post, "b")
    assert subjects(post) == ["a", "b"] and len(post.server.inbox.lines) == 2
    assert jobs(post) == [("done", 1), ("done", 1)]


def test_on_a_new_connection_nothing_is_tried_twice(post: Post) -> None:
    post.server.inbox.rcpt_answers += ["421 4.3.2 Shutting down"]
    send(post, "a")
    assert subjects(post) == [] and len(post.server.inbox.lines) == 1
    assert jobs(post) == [("queued", 1)]


def test_a_mail_of_which_nobody_knows_whether_it_was_taken_is_not_sent_again_at_once(post: Post) -> None:
    send(post, "a")
    post.server.inbox.silent = 1
    send(post, "b")
    assert subjects(post) == ["a", "b"] and len(post.server.inbox.lines) == 1
    assert jobs(post) == [("done", 1), ("queued", 1)], "it is the job's to try again, later, as the same mail"


def test_a_refusal_costs_the_connection_and_nothing_else(post: Post) -> None:
    send(post, "a")
    post.server.inbox.rcpt_answers.append("550 5.1.1 {address} is unknown")
    send(post, "b", "c")
    assert subjects(post) == ["a", "c"] and len(post.server.inbox.lines) == 2
    assert post.server.inbox.quits == 1


def test_another_server_in_the_settings_ends_the_connection_to_the_first(post: Post) -> None:
    other = Server()
    other.start()
    try:
        send(post, "a")
        mail_server.send(post.server.inbox.mails()[0], f"smtp://127.0.0.1:{other.port}")
    finally:
        other.stop()
    assert (post.server.inbox.quits, len(other.inbox.received)) == (1, 1)


def test_a_worker_that_has_nothing_to_do_hangs_up(post: Post) -> None:
    with post.app.app_context():
        worker = Worker({"mail": mail.deliver}, ())
    post.promise(key="a")
    with post.app.app_context():
        assert worker.work_once() and post.server.inbox.quits == 0
        assert not worker.work_once() and post.server.inbox.quits == 1
    post.promise(key="b")
    with post.app.app_context():
        assert worker.drain() == 1 and post.server.inbox.quits == 2


def jobs(post: Post) -> list[tuple[str, int]]:
    with post.app.app_context():
        return [tuple(row) for row in db.session.execute(select(Job.state, Job.attempts).order_by(Job.id))]
