"""Mail: promised in a transaction, rendered and sent by the worker, over a real SMTP server."""

import contextlib
import re
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import NameOID
from flask import Flask
from jinja2 import ChoiceLoader, DictLoader
from sqlalchemy import select

from core import clock, mail, unsubscribes
from core.db import db
from core.jobs import Job, run_pending
from core.relay import MailHour
from core.vault import SITE, vault
from tests.core.smtp import Server

TEMPLATES = {
    "emails/greeting.txt": "Subject: Hello {{ name }}\n\nDear {{ name }},\n\n{{ text }}\n\n{{ settings.organisation }}\n",
    "emails/lasting.txt": "Subject: Lasting\n\nUntil {{ until }}.\n",
}
PRIVATE = "ada@example.org"


@dataclass
class Post:
    app: Flask
    server: Server

    def promise(
        self, *, to: str = PRIVATE, key: str = "one", name: str = "Ada", text: str = "A text.",
        links: dict[str, str] | None = None, template: str = "greeting", **how: Any,
    ) -> None:  # fmt: skip
        with self.app.app_context():
            vault().prepare(SITE)
            mail.promise(template, to=to, key=key, context={"name": name, "text": text, "links": links or {}}, **how)
            db.session.commit()

    def work(self) -> int:
        with self.app.app_context():
            return run_pending({"mail": mail.deliver})

    def mail_job(self) -> Job:
        with self.app.app_context():
            return db.session.scalars(select(Job).where(Job.kind == "mail")).one()

    def job(self) -> Job:
        with self.app.app_context():
            return db.session.scalars(select(Job)).one()

    def work_after_its_delay(self) -> None:
        with time_machine.travel(self.job().run_at + timedelta(seconds=1), tick=True):
            assert self.work() == 1


@pytest.fixture
def post(app: Flask) -> Iterator[Post]:
    """An app that sends through a server of the test, from templates of the test."""
    before, loader = app.config["UNDERSIGNED"], app.jinja_env.loader
    server = Server()
    server.start()
    app.config["UNDERSIGNED"] = replace(
        before, smtp_url=f"smtp://127.0.0.1:{server.port}", mail_from="Kampagne für Ада <post@example.org>",
        mail_reply_to="office@example.org", server_url="https://campaign.example",
    )  # fmt: skip
    app.jinja_env.loader = ChoiceLoader([DictLoader(TEMPLATES), loader])
    yield Post(app, server)
    server.stop()
    app.config["UNDERSIGNED"], app.jinja_env.loader = before, loader


def test_a_mail_says_from_whom_and_for_whom_it_is(post: Post) -> None:
    post.promise()
    assert post.work() == 1
    [envelope], [message] = post.server.inbox.received, post.server.inbox.mails()
    assert envelope.rcpt_tos == [PRIVATE]
    assert envelope.mail_from == "post@example.org"
    assert message["Subject"] == "Hello Ada"
    assert message["From"] == "Kampagne für Ада <post@example.org>"
    assert message["To"] == PRIVATE
    assert message["Reply-To"] == "office@example.org"
    assert message["Auto-Submitted"] == "auto-generated"
    assert re.fullmatch(r"<\w{16}@campaign\.example>", message["Message-ID"])
    assert message["Date"].datetime == post.job().created_at.replace(microsecond=0)
    assert message.get_content().replace("\r\n", "\n") == "Dear Ada,\n\nA text.\n\nUndersigned demo\n"


def test_a_mail_is_plain_seven_bit_text(post: Post) -> None:
    post.promise(name="Айгүл Ұзақ", text="Nguyễn & <Bob> " + "x" * 2000)
    post.work()
    content = post.server.inbox.received[0].content
    assert content.isascii()
    assert max(map(len, content.splitlines())) < 200
    [message] = post.server.inbox.mails()
    assert message["Subject"] == "Hello Айгүл Ұзақ"
    assert "Nguyễn & <Bob> " + "x" * 2000 in message.get_content()
    assert message.get_content_type() == "text/plain"
    assert message.get_content_charset() == "utf-8"


def test_the_link_that_ends_mail_stands_in_its_header_as_it_is_however_long(post: Post) -> None:
    """RFC 2369 and 8058 know no encoded words there; a mail program would show no button."""
    link = f"https://a-long-name-of-a.campaign.example/unsubscribe/updates/{'x' * 43}"
    post.promise(links={"list": link})
    post.work()
    head = post.server.inbox.received[0].content.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert f"List-Unsubscribe: <{link}>".encode() in head
    assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in head


@pytest.mark.parametrize(
    "name",
    ["Ada\r\nBcc: eve@example.org", "Ada\nBcc: eve@example.org", "Ada\rBcc: eve@example.org", "A\x0bda\u2028Bcc: x"],
)
def test_a_name_adds_no_header_and_no_recipient(post: Post, name: str) -> None:
    post.promise(name=name)
    assert post.work() == 1
    [envelope], [message] = post.server.inbox.received, post.server.inbox.mails()
    assert envelope.rcpt_tos == [PRIVATE]
    assert message["Bcc"] is None
    assert set(message.keys()) == {
        "Subject", "From", "To", "Reply-To", "Date", "Message-ID", "Auto-Submitted", "Content-Type",
        "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip


@pytest.mark.parametrize("to", ["ada@example.org\r\nBcc: eve@example.org", "ada@example.org\nBcc: eve@example.org"])
def test_an_address_adds_no_header_either(post: Post, to: str) -> None:
    post.promise(to=to)
    post.work()
    assert post.server.inbox.received == []


def test_a_line_with_a_dot_ends_no_mail(post: Post) -> None:
    post.promise(text="One\n.\nMAIL FROM:<eve@example.org>\nTwo")
    post.work()
    [message] = post.server.inbox.mails()
    assert "One\n.\nMAIL FROM:<eve@example.org>\nTwo" in message.get_content().replace("\r\n", "\n")


def test_while_the_server_is_down_a_mail_waits_and_then_goes_once(post: Post) -> None:
    post.server.stop()
    post.promise()
    post.work()
    waiting = post.job()
    assert (waiting.state, waiting.attempts) == ("queued", 1)
    assert waiting.blob is not None
    post.server.start()
    post.work_after_its_delay()
    post.work()
    assert len(post.server.inbox.received) == 1
    assert (post.job().state, post.job().blob) == ("done", None)


@pytest.mark.parametrize(
    "answer", ["421 Shutting down", "450 Mailbox busy", "451 Try again", "550 No such user", "554 No"]
)
def test_a_refused_mail_is_kept_and_goes_later_with_the_same_id(post: Post, answer: str) -> None:
    post.promise()
    post.server.inbox.answers.append(answer)
    post.work()
    job = post.job()
    assert (job.state, job.last_error) == ("queued", f"SMTPDataError {answer[:3]}")
    post.work_after_its_delay()
    [message] = post.server.inbox.mails()
    assert message["Message-ID"] == f"<{job.public_id}@campaign.example>"


def test_a_recipient_refused_for_the_moment_is_kept_and_stands_nowhere_in_clear(post: Post, caplog) -> None:
    post.promise()
    post.server.inbox.rcpt_answers.append("450 {address} is greylisted")
    post.work()
    job = post.job()
    assert job.state == "queued"
    assert "example" not in f"{job.last_error}{job.args}{job.key}"
    assert PRIVATE not in caplog.text
    post.work_after_its_delay()
    assert len(post.server.inbox.received) == 1


def test_a_recipient_refused_for_good_ends_the_mail_at_once_without_an_alarm(post: Post, caplog) -> None:
    post.promise(then=("then", {}), otherwise=("otherwise", {"submission": 7}))
    post.server.inbox.rcpt_answers.append("550 {address} is unknown")
    post.work()
    with post.app.app_context():
        mailed, told = db.session.scalars(select(Job).order_by(Job.id))
        hour = db.session.scalars(select(MailHour)).one()
    assert (mailed.state, mailed.attempts, mailed.blob) == ("done", 1, None)
    assert (told.kind, told.args) == ("otherwise", {"submission": 7, "why": "refused"})
    assert (hour.sent, hour.refused) == (0, 1)
    assert PRIVATE not in caplog.text


@pytest.mark.parametrize(
    "answer",
    [
        "550 5.4.5 Daily SMTP relay sending limit exceeded", "550 5.7.1 Our system has detected unsolicited mail",
        "550-5.7.26 This mail\r\n550 5.7.26 is unauthenticated", "554 5.7.0 Policy", "535 5.7.8 Login first",
        "554 Transaction failed", "530 Login first",
        "550 5.3.2 System away", "553 5.1.8 Your domain does not exist",
    ],
)  # fmt: skip
def test_a_refusal_that_speaks_of_us_is_no_recipients_and_the_mail_goes_later(post: Post, answer: str) -> None:
    post.promise(otherwise=("otherwise", {}))
    post.server.inbox.rcpt_answers.append(answer)
    post.work()
    with post.app.app_context():
        assert db.session.scalars(select(MailHour)).all() == []
    assert (post.job().state, post.job().last_error) == ("queued", "SMTPRecipientsRefused")
    post.work_after_its_delay()
    assert len(post.server.inbox.received) == 1


@pytest.mark.parametrize(
    "answer",
    [
        "550 unknown", "550 5.1.1 unknown", "552 5.2.2 full", "550 5.1.10 no mail here", "550 5.4.1 Access denied",
        "551 5.7.17 a new owner", "553 not here",
    ],
)  # fmt: skip
def test_a_mailbox_that_is_not_there_is_told_from_a_quota(post: Post, answer: str) -> None:
    post.promise()
    post.server.inbox.rcpt_answers.append(answer)
    post.work()
    with post.app.app_context():
        assert (post.job().state, db.session.scalars(select(MailHour.refused)).one()) == ("done", 1)


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("550 5.1.1 No such user", "done"), ("552 5.2.2 Mailbox full", "done"), ("550 5.7.1 Looks like spam", "queued"),
        ("550 5.4.5 Daily limit", "queued"), ("554 5.6.0 Bad content", "queued"), ("450 4.1.1 Try later", "queued"),
    ],
)  # fmt: skip
def test_after_the_mail_a_server_refuses_the_mailbox_only_where_it_says_so(post: Post, answer: str, state: str) -> None:
    post.promise()
    post.server.inbox.answers.append(answer)
    post.work()
    assert post.job().state == state


def test_a_mail_that_is_recalled_while_it_goes_out_is_counted_all_the_same(post: Post) -> None:
    def recall() -> None:
        with post.app.app_context():
            mail.recall(["one"])
            db.session.commit()

    post.promise(then=("then", {}))
    post.server.inbox.meanwhile = recall
    post.work()
    with post.app.app_context():
        assert db.session.scalars(select(Job.kind)).all() == ["mail"]
        assert [hour.sent for hour in db.session.scalars(select(MailHour))] == [1]
    assert len(post.server.inbox.received) == 1


def test_what_follows_a_mail_is_promised_when_it_was_handed_over_and_only_then(post: Post) -> None:
    post.server.inbox.answers.append("451 Try again")
    post.promise(then=("then", {"submission": 7}), otherwise=("otherwise", {}))
    post.work()
    assert post.job().state == "queued"
    with time_machine.travel(post.job().run_at + timedelta(seconds=1)):
        post.work()
    with post.app.app_context():
        mailed, told = db.session.scalars(select(Job).order_by(Job.id))
        hour = db.session.scalars(select(MailHour)).one()
    assert (mailed.state, told.kind, told.args) == ("done", "then", {"submission": 7})
    assert (hour.sent, hour.refused) == (1, 0)


def test_a_mail_is_tried_for_a_week_and_then_given_up_with_its_otherwise(post: Post) -> None:
    post.server.stop()
    post.promise(otherwise=("otherwise", {}))
    began = clock.now()
    with time_machine.travel(began, tick=False) as now:
        while post.work() and (job := post.mail_job()).state == "queued":
            now.move_to(job.run_at)
        days = (clock.now() - began) / timedelta(days=1)
    with post.app.app_context():
        kinds = list(db.session.scalars(select(Job.kind).order_by(Job.id)))
        assert db.session.scalars(select(Job.args).where(Job.kind == "otherwise")).one() == {"why": "dead"}
    assert post.mail_job().state == "dead" and kinds == ["mail", "alarm", "otherwise"]
    assert 5 < days < 9


def test_an_address_that_wants_no_mail_gets_none_but_what_it_must_have(post: Post) -> None:
    with post.app.app_context():
        unsubscribes.stop(unsubscribes.token_of(PRIVATE))
        db.session.commit()
    post.promise(key="one", otherwise=("otherwise", {}))
    post.promise(key="two", essential=True, name="Must")
    post.work()
    assert [message["Subject"] for message in post.server.inbox.mails()] == ["Hello Must"]
    with post.app.app_context():
        states = dict(db.session.execute(select(Job.key, Job.state).where(Job.kind == "mail")).all())
        assert db.session.scalars(select(Job.args).where(Job.kind == "otherwise")).one() == {"why": "stopped"}
        assert db.session.scalars(select(Job.blob).where(Job.key == "mail:one")).one() is None
    assert states == {"mail:one": "done", "mail:two": "done"}


def test_a_file_goes_with_a_mail_and_stands_nowhere_in_clear(post: Post) -> None:
    text = '{"name": "Айгүл"}'
    post.promise(attachment=("signature.json", text))
    assert "signature" not in repr(post.job().args)
    post.work()
    [message] = post.server.inbox.mails()
    [file] = message.iter_attachments()
    assert (file.get_filename(), file.get_content_type()) == ("signature.json", "application/json")
    assert file.get_payload(decode=True) == text.encode()
    body = message.get_body(("plain",))
    assert body is not None and "Dear Ada" in body.get_content()
    assert post.server.inbox.received[0].content.isascii()  # type: ignore[union-attr]


def test_a_mail_that_can_be_stopped_says_so_to_mail_programs(post: Post) -> None:
    post.promise(links={"unsubscribe": "https://campaign.example/unsubscribe/abc"})
    post.promise(key="two")
    post.work()
    first, second = post.server.inbox.mails()
    assert first["List-Unsubscribe"] == "<https://campaign.example/unsubscribe/abc>"
    assert first["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert second["List-Unsubscribe"] is None


def test_a_mail_that_waited_is_dated_and_lasts_from_its_sending(post: Post) -> None:
    post.promise(template="lasting", lasts=(timedelta(days=21), "Europe/Vienna"))
    sent_at = clock.now() + timedelta(days=20)
    with time_machine.travel(sent_at, tick=False):
        post.work()
    [message] = post.server.inbox.mails()
    until = (sent_at + timedelta(days=21)).astimezone(ZoneInfo("Europe/Vienna")).date()
    assert message.get_content().strip() == f"Until {clock.day(until)}."
    assert message["Date"].datetime == sent_at.replace(microsecond=0)


def test_a_mail_that_was_sent_before_its_commit_failed_goes_again_with_the_same_id(post: Post) -> None:
    def deliver_and_die(job: Job) -> None:
        mail.deliver(job)
        raise ConnectionError

    post.promise()
    with post.app.app_context():
        run_pending({"mail": deliver_and_die})
    post.work_after_its_delay()
    first, second = post.server.inbox.mails()
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] == second["Date"]


def test_a_key_is_mailed_once(post: Post) -> None:
    post.promise(key="one")
    post.promise(key="one")
    post.promise(key="two")
    assert post.work() == 2


def test_the_outbox_tells_nothing_of_whom_it_writes_to(post: Post) -> None:
    post.promise(name="Ada Lovelace")
    job = post.job()
    assert job.args == {"template": "greeting"}
    assert b"ada" not in (job.blob or b"").lower()


def test_a_mail_server_that_cannot_prove_its_name_is_told_nothing(post: Post, tmp_path: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    dates = x509.CertificateBuilder().not_valid_before(clock.now()).not_valid_after(clock.now() + timedelta(days=1))
    made = dates.subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1).sign(key, None)
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, *form) + made.public_bytes(serialization.Encoding.PEM)
    (tmp_path / "self-signed.pem").write_bytes(pem)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(tmp_path / "self-signed.pem")
    post.server.stop()
    with contextlib.suppress(ssl.SSLError):  # aiosmtpd's own first look at its server refuses it too
        post.server.start(tls)
    url = f"smtps://127.0.0.1:{post.server.port}"
    post.app.config["UNDERSIGNED"] = replace(post.app.config["UNDERSIGNED"], smtp_url=url)
    post.promise()
    post.work()
    assert post.job().last_error.startswith("SSLCertVerificationError")  # type: ignore[union-attr]
    assert post.server.inbox.received == []


def test_without_a_server_mails_are_files(post: Post) -> None:
    settings = replace(post.app.config["UNDERSIGNED"], smtp_url=None)
    post.app.config["UNDERSIGNED"] = settings
    post.promise(name="Айгүл")
    post.work()
    [path] = settings.mail_folder.iterdir()
    assert path.suffix == ".eml"
    assert post.job().public_id in path.name
    assert b"Message-ID: <" in path.read_bytes()
    assert settings.mail_folder.stat().st_mode & 0o077 == 0
    assert post.server.inbox.received == []


def test_files_stand_in_the_order_of_their_promises(post: Post, tmp_path: Path) -> None:
    settings = replace(post.app.config["UNDERSIGNED"], smtp_url=None)
    post.app.config["UNDERSIGNED"] = settings
    for number in range(3):
        post.promise(key=str(number), name=f"Number {number}")
    with time_machine.travel(clock.now() + timedelta(hours=1)):
        post.work()
    subjects = [path.read_text().splitlines()[0] for path in sorted(settings.mail_folder.iterdir())]
    assert subjects == [f"Subject: Hello Number {number}" for number in range(3)]
