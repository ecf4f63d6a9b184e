"""What comes back of updates: reports as RFC 3464 and RFC 5965 print them, by pipe and by maildir; forged ones do nothing."""

from collections.abc import Iterator
from dataclasses import replace
from mailbox import Maildir
from pathlib import Path

import pytest
from flask import Flask

from petitions.updates import services
from tests.core.smtp import Server, receiving
from tests.petitions.conftest import make_campaign
from tests.updates.conftest import COLLEAGUE, News

DSN = """\
Return-Path: <>
From: MAILER-DAEMON@mx.example.net (Mail Delivery Subsystem)
To: <{to}>
Subject: Returned mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="AAA"

--AAA

The address was not found.

--AAA
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 user unknown

--AAA
Content-Type: {returned}

From: Undersigned <undersigned@localhost>
Message-ID: {message_id}
Subject: News that you asked for

--AAA--
"""
ARF = """\
From: <abusedesk@example.com>
To: <{to}>
Subject: FW: News that you asked for
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part1"

--part1
Content-Type: text/plain; charset="US-ASCII"

This is an email abuse report.

--part1
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Rcpt-To: <{address}>

--part1
Content-Type: message/rfc822
Content-Disposition: inline

From: Undersigned <undersigned@localhost>
Message-ID: {message_id}
Subject: News that you asked for

Spam Spam Spam
--part1--
"""


class Postmaster:
    """Two were written to; what came back of either is given to the command."""

    def __init__(self, news: News, server: Server) -> None:
        self.news = news
        news.app.config["UNDERSIGNED"] = replace(
            news.app.config["UNDERSIGNED"], mail_bounces="bounces@campaign.example"
        )
        self.sent = news.send()
        mails = [mail for mail in server.inbox.mails() if mail.is_multipart()]
        self.ids = {str(mail["To"]): str(mail["Message-ID"]) for mail in mails}
        self.paths = {one.rcpt_tos[0]: str(one.mail_from) for one in server.inbox.received if "+" in str(one.mail_from)}

    def report(self, form: str = DSN, of: str = "ada@example.org", **values: str) -> bytes:
        given = {
            "to": self.paths[of], "address": of, "action": "failed", "status": "5.1.1", "message_id": self.ids[of],
            "returned": "text/rfc822-headers",
        }  # fmt: skip
        return form.format(**{**given, **values}).encode()

    def pipe(self, raw: bytes) -> str:
        answer = self.news.app.test_cli_runner().invoke(args=["mail", "bounces", "--stdin"], input=raw)
        assert answer.exit_code == 0, answer.output
        return answer.output.strip()

    def left_out(self, news: News) -> dict[str, int]:
        """Another update, approved: how many are left out of it, by reason."""
        made = news.draft()
        news.do(made, services.approve, actor=COLLEAGUE)
        news.do(made, services.schedule, actor=COLLEAGUE)
        news.campaign.work()
        return dict(news.progress(made).skipped)


@pytest.fixture
def other(app: Flask) -> News:
    """Another petition, which the same people have signed."""
    other = News(make_campaign(app))
    other.signed("ada@example.org", "bob@example.org")
    return other


@pytest.fixture
def post(news: News, other: News) -> Iterator[Postmaster]:
    news.signed("ada@example.org", "bob@example.org")
    with receiving(news.app) as server:
        yield Postmaster(news, server)


def test_a_mailbox_that_is_not_there_gets_no_more_updates(post: Postmaster, other: News) -> None:
    assert post.paths["ada@example.org"] != post.paths["bob@example.org"], "each mail has a return path of its own"
    for _again in range(2):
        assert post.pipe(post.report()) == "bounced back: 1, complained: 0, not ours: 0"
    assert post.news.progress(post.sent).heard == {"bounced_back": 1}, "the same report counts once"
    assert post.left_out(post.news) == {"bounced": 1} and post.left_out(other) == {"bounced": 1}


def test_a_report_is_matched_by_the_returned_mail_too(post: Postmaster) -> None:
    for returned in ("text/rfc822-headers", "message/rfc822"):
        raw = post.report(of="bob@example.org", to="undersigned@localhost", returned=returned)
        assert post.pipe(raw).startswith("bounced back: 1")


@pytest.mark.parametrize(
    ("action", "status"),
    [("delayed", "4.4.1"), ("failed", "4.2.2"), ("failed", "5.7.1"), ("relayed", "2.1.5"), ("failed", "")],
)
def test_what_passes_or_is_about_us_ends_nothing(post: Postmaster, action: str, status: str) -> None:
    assert post.pipe(post.report(action=action, status=status)).endswith("not ours: 1")
    assert post.left_out(post.news) == {}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("4.2.2", "not ours"), ("4.4.7", "not ours"), ("4.7.1", "not ours"), ("2.0.0", "not ours"),
        ("5.1.1", "bounced back"), ("5.1.10", "bounced back"), ("5.2.1", "bounced back"), ("5.4.1", "bounced back"),
        ("5.0.0", "not ours"), ("5.3.0", "not ours"), ("5.4.5", "not ours"), ("5.6.1", "not ours"), ("5.7.26", "not ours"),
    ],
)  # fmt: skip
def test_a_status_tells_what_passes_from_a_mailbox_that_is_gone(post: Postmaster, status: str, said: str) -> None:
    assert f"{said}: 1" in post.pipe(post.report(status=status))


ANOTHER = """\
Original-Recipient: rfc822; {original}
Final-Recipient: rfc822; {final}
Action: {action}
Status: {status}

Final-Recipient: """


@pytest.mark.parametrize(
    ("action", "status", "said"),
    [
        ("delivered", "2.0.0", "not ours"), ("delayed", "4.4.1", "not ours"), ("failed", "4.2.2", "not ours"),
        ("failed", "5.1.1", "bounced back"),
    ],
)  # fmt: skip
def test_a_mailbox_that_passes_mail_on_is_there_while_anybody_gets_it(
    post: Postmaster, other: News, action: str, status: str, said: str
) -> None:
    first = {"original": "ada@example.org", "final": "home@example.net", "action": action, "status": status}
    form = DSN.replace("Final-Recipient: ", ANOTHER.format(**first), 1)
    assert f"{said}: 1" in post.pipe(post.report(form, address="work@example.net"))
    gone = said == "bounced back"
    assert post.left_out(other) == ({"bounced": 1} if gone else {}), "named as the original recipient"


@pytest.mark.parametrize("kind", ["not-spam", "other", "virus"])
def test_feedback_that_is_no_complaint_ends_nothing(post: Postmaster, kind: str) -> None:
    assert post.pipe(post.report(ARF.replace("Feedback-Type: abuse", f"Feedback-Type: {kind}"))).endswith("not ours: 1")
    assert post.left_out(post.news) == {}


def test_a_complaint_ends_the_news(post: Postmaster, other: News) -> None:
    assert post.pipe(post.report(ARF)) == "bounced back: 0, complained: 1, not ours: 0"
    assert post.news.progress(post.sent).heard == {"complained": 1}
    assert post.left_out(post.news) == {"unsubscribed": 1} and post.left_out(other) == {"bounced": 1}


def test_a_complaint_without_the_address_ends_this_petitions_news_only(post: Postmaster, other: News) -> None:
    assert post.pipe(post.report(ARF, address="redacted")).startswith("bounced back: 0, complained: 1")
    assert post.left_out(post.news) == {"unsubscribed": 1} and post.left_out(other) == {}


def test_nobody_ends_anothers_mail_with_a_report_of_their_own(post: Postmaster, other: News) -> None:
    post.pipe(post.report(of="ada@example.org", address="bob@example.org"))
    assert post.left_out(other) == {}, "bob is named, but the mail that came back was ada's"
    for raw in (b"", b"Subject: hello\n\nhow are you", post.report(to="bounces+0123456789abcdef@campaign.example")):
        assert post.pipe(raw).endswith("not ours: 1")


def test_a_maildir_is_read_once(post: Postmaster, tmp_path: Path) -> None:
    box = Maildir(tmp_path / "box")
    for of in ("ada@example.org", "bob@example.org"):
        box.add(post.report(of=of))
    runner = post.news.app.test_cli_runner()
    outputs = [runner.invoke(args=["mail", "bounces", "--maildir", str(tmp_path / "box")]).output for _ in range(2)]
    assert outputs[0].startswith("bounced back: 2,") and outputs[1].startswith("bounced back: 0,")
    assert runner.invoke(args=["mail", "bounces"]).exit_code == 2


def test_a_refusal_at_the_door_is_remembered(news: News, other: News) -> None:
    news.signed("ada@example.org", "bob@example.org")
    with receiving(news.app) as server:
        server.inbox.rcpt_answers = ["550 5.1.1 <{address}> unknown"]
        sent = news.send()
        assert news.progress(sent).lost == {"refused": 1} and news.progress(sent).sent == 1
        other_sent = other.send()
        assert other.progress(other_sent).skipped == {"bounced": 1} and other.progress(other_sent).sent == 1
