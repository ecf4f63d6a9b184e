"""Comments in public: sealed until approved, the same answer for everybody, plain text, and taken back by who wrote them."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from cases.comments import judging
from cases.comments.models import Comment, CommentState
from cases.models import Case, CaseStatus
from core import clock, reports, switches
from core.db import db
from core.vault import vault
from operations import key_rotation, replay, retention_run
from tests.cases.conftest import EMAIL, TEXT, Wall
from tests.organisers.conftest import Office, enter

DAY = timedelta(days=1)


@pytest.fixture
def office(app: Flask) -> Office:
    return enter(app)


def judge(office: Office, wall: Wall, number: int, verdict: str, seen: str = "held", **fields: str) -> None:
    """Judges the comment that was written as the so-manieth of this test."""
    assert office.post(f"{wall.office(number)}/{verdict}", seen=seen, **fields).status_code == 303


def age(app: Flask, days: int) -> None:
    """As if everything had been written and judged so many days before."""
    with app.app_context():
        past = clock.now() - days * DAY
        judged = db.case((Comment.judged_at.is_(None), None), else_=past)
        db.session.execute(update(Comment).values(received_at=past, judged_at=judged))
        db.session.commit()


def retention(app: Flask) -> dict[str, int]:
    with app.app_context():
        return dict(retention_run.run(clock.now()).emptied)


def test_what_was_written_is_sealed_and_shown_nowhere_until_approved(wall: Wall, office: Office) -> None:
    own = wall.write()
    with wall.app.app_context():
        stored = " ".join(map(repr, db.session.execute(text("SELECT * FROM comments")).one()))
    assert not any(words in stored for words in (EMAIL, "Zenobia", "Strength"))
    assert wall.shown() == [] and "Zenobia" not in wall.text() + wall.text("/cases/a-case")
    assert "waits for an organiser" in wall.text(own)
    judge(office, wall, 1, "approve")
    page = wall.text()
    assert "Zenobia</strong>, Ireland" in page and TEXT in page and EMAIL not in page
    assert "Zenobia" in wall.text("/cases/a-case") and wall.get("/cases/a-case.json").json["comments"] == 1
    assert "It is shown" in wall.text(own)


def test_the_text_is_plain_text(wall: Wall, office: Office) -> None:
    wall.write(text="<b>See</b> https://example.org/now\nand again", country="")
    judge(office, wall, 1, "approve")
    page = wall.get(wall.page).text
    assert "&lt;b&gt;See&lt;/b&gt; https://example.org/now\nand again" in page
    assert 'href="https://example.org' not in page


def test_the_newest_come_first_and_older_ones_on_the_next_page(wall: Wall, office: Office) -> None:
    for number in range(21):
        wall.write(name=f"Writer {chr(97 + number)}")
        judge(office, wall, number + 1, "approve")
    first, second_page = wall.text(), wall.rows()[1].id
    assert first.index("Writer u") < first.index("Writer t") < first.index("Writer b") and "Writer a<" not in first
    assert f"{wall.page}?before={second_page}" in first
    second = wall.text(f"{wall.page}?before={second_page}")
    assert "Writer a<" in second and "Writer b<" not in second
    assert "There is nothing older" in wall.text(f"{wall.page}?before={second_page - 1}")
    answer = wall.app.test_client().get(wall.page)
    assert "s-maxage" in answer.headers["Cache-Control"] and "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"text": " "}, "Write what you want to say."), ({"text": "x" * 1001}, "Shorten it to 1000 characters"),
        ({"name": ""}, "Enter a name."), ({"name": "www.example.org"}, "Remove the web address"),
        ({"email": "nobody"}, "name@example.org"), ({"kind": "sermon"}, "Choose what you write."),
        ({"country": "XX"}, "Choose a country from the list"), ({"token": "1.x"}, "This page was open for a long time"),
    ],
)  # fmt: skip
def test_a_form_that_does_not_hold_keeps_what_was_typed(wall: Wall, fields: dict[str, str], sentence: str) -> None:
    answer = wall.send(**{"text": "Every word of it", **fields})
    assert answer.status_code == 422 and sentence in answer.text
    if "text" not in fields:
        assert "Every word of it" in answer.text
    assert wall.rows() == []


def test_machines_get_the_same_answer_and_are_marked(wall: Wall, office: Office) -> None:
    human, machine = wall.send(), wall.send(website="https://spam.example")
    assert machine.status_code == human.status_code == 303
    assert [row.trapped for row in wall.rows()] == [False, True]
    assert "Filled in a field that people do not see" in office.get("/office/moderation")


def test_a_network_that_writes_very_much_waits_and_loses_nothing(wall: Wall, limited: None) -> None:
    assert [wall.send().status_code for _ in range(10)] == [303] * 10
    refused = wall.send(text="The eleventh message")
    assert refused.status_code == 429 and "The eleventh message" in refused.text
    assert wall.send(address="192.0.2.77").status_code == 303
    assert len(wall.rows()) == 11


def test_a_case_takes_comments_only_while_it_and_its_organisers_want(wall: Wall, office: Office) -> None:
    for closed, opened in (
        ({"comments_open": False}, {"comments_open": True}), ({"status": CaseStatus.CLOSED}, {"status": CaseStatus.ACTIVE}),
    ):  # fmt: skip
        wall.change(**closed)
        assert wall.send().status_code == 409 and "takes no comments now" in wall.text()
        assert "Write something" not in wall.text("/cases/a-case")
        wall.change(**opened)
    with wall.app.app_context():
        switches.turn(actor="cli", comments=False)
        db.session.commit()
        switches.forget()
    assert wall.send().status_code == 409 and wall.rows() == []
    assert office.saved(f"/office/cases/{wall.case_id}/comments/close").endswith(f"/cases/{wall.case_id}")
    assert ("case.edited", "a-case") in office.acts()


def test_who_was_writing_when_comments_were_closed_gets_the_words_back(wall: Wall) -> None:
    wall.change(comments_open=False)
    answer = wall.send(text="<i>Every</i> word of it")
    assert answer.status_code == 409 and "&lt;i&gt;Every&lt;/i&gt; word of it</textarea>" in answer.text
    assert EMAIL not in answer.text and "not sent" not in wall.text() and wall.rows() == []


def test_what_cannot_be_read_cannot_be_reported_either(wall: Wall, office: Office) -> None:
    wall.write(text="Free Person One, all of you")
    judge(office, wall, 1, "approve")
    path = f"/reports/comment/{wall.rows()[0].id}"
    with wall.app.app_context():
        name = db.session.get_one(Case, wall.case_id).people[0].name
        db.session.execute(update(Comment).values(text=f"Free {name} now"))
        db.session.commit()
    assert f"Free {name} now" in wall.text(path)
    wall.change(blurred_at=clock.now())
    assert name not in wall.text(path) and "Free " in wall.text(path)
    for shut in ({"frozen_at": clock.now()}, {"frozen_at": None, "status": CaseStatus.DRAFT}):
        wall.change(**shut)
        for answer in (wall.get(path), wall.post(path, reason="spam")):
            assert answer.status_code in (404, 409) and "Free " not in answer.text, shut
    with wall.app.app_context():
        assert reports.standing() == {}


def test_words_reach_over_nothing_and_leave_no_gaps(wall: Wall) -> None:
    stacked = wall.send(text="He" + "\u0301" * 200 + "llo")
    assert stacked.status_code == 422 and "Remove the stacked accents." in stacked.text and wall.rows() == []
    assert wall.send(text="One" + "\n \n\t" * 200 + "\n" + "Two\n\nThree\nTiếng Việt").status_code == 303
    with wall.app.app_context():
        words = judging.words_of(db.session.scalars(select(Comment)).one())
        assert words.text == "One\n\nTwo\n\nThree\nTiếng Việt"


def test_a_draft_has_no_comments_page(wall: Wall) -> None:
    wall.change(status=CaseStatus.DRAFT)
    assert wall.get(wall.page).status_code == wall.send().status_code == 404


def test_the_writer_takes_it_back_whatever_became_of_it(wall: Wall, office: Office) -> None:
    owns = [wall.write(name=f"Writer {name}") for name in ("held", "approved", "rejected")]
    judge(office, wall, 2, "approve")
    judge(office, wall, 3, "reject", reason="spam")
    office.saved(f"{wall.office(2)}/reply", reply="Thank you")
    for own in owns:
        assert wall.get(own).status_code == 200 and wall.post(own, token="1.x").status_code == 422
        assert wall.post(own).status_code == wall.post(own).status_code == 303
        assert "You took it back" in wall.text(own)
    for row in wall.rows():
        emptied = (row.state, row.name, row.text, row.country, row.reply, row.blob, row.key_id)
        assert emptied == (CommentState.WITHDRAWN, None, None, None, "", None, "")
    assert "Writer" not in wall.text() + office.get("/office/moderation")
    wall.work()
    with wall.app.app_context():
        lines = [line for line in vault().keystore.read_journal() if line[0] == "comment-withdrawn"]
    assert len(lines) == 3, "pressing twice writes one line"


def test_a_link_that_nobody_was_given_leads_nowhere(wall: Wall) -> None:
    wall.write()
    path = "/comments/" + "a" * 43
    assert wall.get(path).status_code == wall.post(path).status_code == 404


def test_withdrawing_is_repeated_after_an_old_backup(wall: Wall, office: Office) -> None:
    own = wall.write()
    judge(office, wall, 1, "approve")
    [before] = wall.rows()
    wall.post(own)
    with wall.app.app_context():
        old = {"state": before.state, "name": before.name, "text": before.text, "blob": before.blob}
        db.session.execute(update(Comment).values(old))
        db.session.commit()
        replay.repeat([("comment-withdrawn", before.public_id), ("comment-withdrawn", "nobody")])
        db.session.commit()
    assert [(row.state, row.text) for row in wall.rows()] == [(CommentState.WITHDRAWN, None)]


def test_the_address_of_what_is_shown_goes_after_ninety_days(wall: Wall, office: Office) -> None:
    wall.write()
    judge(office, wall, 1, "approve")
    age(wall.app, 89)
    assert "addresses of comments" not in retention(wall.app)
    age(wall.app, 91)
    assert retention(wall.app)["addresses of comments"] == 1
    [row] = wall.rows()
    assert (row.blob, row.key_id, row.name) == (None, "", "Zenobia")
    judge(office, wall, 1, "reject", "approved", reason="off_topic")
    assert wall.rows()[0].text is None, "hidden again, though its first seal is gone"
    judge(office, wall, 1, "undo", "rejected")
    assert [one.text for one in wall.shown()] == [TEXT]
    assert "The address has been deleted" in office.post(f"{wall.office(1)}/address").text


def test_what_is_not_shown_is_deleted_in_time(wall: Wall, office: Office) -> None:
    for _ in range(3):
        own = wall.write()
    judge(office, wall, 2, "reject", reason="spam")
    wall.post(own)
    age(wall.app, 31)
    assert retention(wall.app)["comments"] == 2
    assert [row.state for row in wall.rows()] == [CommentState.HELD], "what waits has longer"
    age(wall.app, 91)
    assert retention(wall.app)["comments"] == 1 and wall.rows() == []


def test_the_sites_key_in_rotation_loses_no_comment(wall: Wall, office: Office) -> None:
    wall.write()
    old = wall.rows()[0].key_id
    result = wall.app.test_cli_runner().invoke(args=["keys", "rotate", "--site"])
    assert result.exit_code == 0, result.output
    with wall.app.app_context():
        assert key_rotation.tend(clock.now() + timedelta(minutes=16)) and not vault().keystore.holds(old)
    assert wall.rows()[0].key_id != old and TEXT in office.get("/office/moderation")
