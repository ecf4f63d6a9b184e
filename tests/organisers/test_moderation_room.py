"""The moderation room: one queue, judged and undone, reports on top, two moderators at once, and no word told too many."""

import io
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from pypdf import PdfReader
from sqlalchemy import func, select, update

from cases.comments.models import Comment, CommentState
from core import clock, reports
from core.audit import AuditEntry
from core.db import db
from core.jobs import Job
from core.reports import Report
from core.vault import SITE, vault
from donations.wall.models import WallEntry, Words
from operations import retention_run
from organisers.moderation import jobs, judging
from organisers.moderation.models import Act, ModerationAct
from organisers.moderation.subjects import Subject
from tests.cases.conftest import EMAIL, TEXT, Wall
from tests.cases.conftest import limited as limited
from tests.cases.conftest import wall as wall
from tests.donations.test_wall import MESSAGE, gift_by, pay
from tests.factories import make_case
from tests.organisers.conftest import Office, enter
from tests.petitions.conftest import make_campaign

ROOM = "/office/moderation"
ORDER = re.compile(r'<h2 id="(?:comment|wall)-\d+-title">[^:<]*: ([^<,]+)')


def number(wall: Wall, which: int) -> int:
    return wall.rows()[which - 1].id


def report(wall: Wall, which: int, network: str = "192.0.2.1", **fields: str) -> None:
    given = {"reason": "abuse", "text": "It insults me", **fields}
    answer = wall.post(f"/reports/comment/{number(wall, which)}", network, **given)
    assert answer.status_code == 303 and answer.headers["Location"] == "/reports/sent"


def order(office: Office, query: str = "") -> list[str]:
    """The names in the queue, in its order."""
    return ORDER.findall(office.get(ROOM + query))


def states(wall: Wall) -> list[CommentState]:
    return [row.state for row in wall.rows()]


def history(app: Flask) -> list[tuple[str, str, str]]:
    with app.app_context():
        rows = db.session.scalars(select(ModerationAct).order_by(ModerationAct.id))
        return [(row.act.value, row.before, row.after) for row in rows]


def test_everything_can_be_undone_and_nothing_is_lost(wall: Wall, office: Office) -> None:
    wall.write()
    page = wall.office(1)
    for verdict, seen, state in (
        ("reject", "held", "rejected"), ("approve", "rejected", "approved"), ("undo", "approved", "rejected"),
        ("undo", "rejected", "held"), ("approve", "held", "approved"), ("undo", "approved", "held"),
    ):  # fmt: skip
        office.saved(f"{page}/{verdict}", seen=seen, reason="off_topic", note="It is about the weather")
        assert states(wall) == [state]
        assert bool(wall.shown()) == (state == "approved")
        assert TEXT in office.get(page)
    told = office.get(page)
    assert "It is about the weather" in told and "Not about this case" in told and "undone" in told
    assert office.post(f"{page}/undo", seen="held").status_code == 303
    assert history(wall.app)[-1] == ("undo", "approved", "held"), "there was nothing left to undo"


def test_the_audit_chain_knows_who_did_what_and_no_words(wall: Wall, office: Office) -> None:
    wall.write()
    office.saved(f"{wall.office(1)}/reject", seen="held", reason="personal", note="Names her street")
    office.saved(f"{wall.office(1)}/reply", reply="Dear Zenobia")
    subject = f"comment:{number(wall, 1)}"
    assert office.acts() == [("moderation.reject", subject), ("comment.replied", subject.partition(":")[2])]
    with wall.app.app_context():
        told = " ".join(map(repr, db.session.execute(select(AuditEntry.detail, AuditEntry.actor))))
    assert "personal" in told and "olga@example.org" in told
    assert not any(words in told for words in ("Strength", "Zenobia", "street", EMAIL))


def test_a_rejection_needs_a_reason_and_something_else_a_note(wall: Wall, office: Office) -> None:
    wall.write()
    for fields, sentence in (
        ({}, "Choose why you reject it."),
        ({"reason": "other", "note": ""}, "in a few words why"),
    ):
        answer = office.post(f"{wall.office(1)}/reject", seen="held", **fields)
        assert answer.status_code == 422 and sentence in answer.text and '<details data-key="r" open>' in answer.text
    kept = office.post(f"{wall.office(1)}/reject", seen="held", reason="", note="A long note")
    assert "A long note" in kept.text and states(wall) == [CommentState.HELD]


def test_of_two_moderators_one_wins_and_the_other_is_told(wall: Wall, office: Office) -> None:
    wall.write()
    other = enter(wall.app, "otto@example.org")
    office.saved(f"{wall.office(1)}/approve", seen="held")
    for verdict in ("reject", "undo"):
        other.saved(f"{wall.office(1)}/{verdict}", seen="held", reason="spam")
        assert "Somebody else has judged it meanwhile" in other.get(ROOM)
    assert states(wall) == [CommentState.APPROVED] and history(wall.app) == [("approve", "held", "approved")]


def test_who_read_a_comment_before_another_judged_it_still_loses(wall: Wall, office: Office) -> None:
    """As two requests do that have both read the state when the first of them writes."""
    wall.write()
    with wall.app.app_context(), ThreadPoolExecutor(1) as elsewhere:
        vault().prepare(SITE)
        row = db.session.scalars(select(Comment)).one()
        elsewhere.submit(office.saved, f"{wall.office(1)}/approve", seen="held").result()
        assert row.state == CommentState.HELD, "this session does not know yet"
        with pytest.raises(judging.MovedOn):
            judging.judge(Subject("comment", row.id), Act.REJECT, seen="held", actor="otto@example.org")
        db.session.rollback()
    assert history(wall.app) == [("approve", "held", "approved")]


def test_keeping_what_another_has_rejected_meanwhile_keeps_nothing(wall: Wall, office: Office) -> None:
    wall.write()
    office.saved(f"{wall.office(1)}/approve", seen="held")
    report(wall, 1)
    enter(wall.app, "otto@example.org").saved(f"{wall.office(1)}/reject", seen="approved", reason="abuse")
    office.saved(f"{wall.office(1)}/approve", seen="approved")
    assert "Somebody else has judged it meanwhile" in office.get(ROOM) and states(wall) == [CommentState.REJECTED]
    assert len(history(wall.app)) == 2


def test_what_its_writer_took_back_is_judged_no_more(wall: Wall, office: Office) -> None:
    own = wall.write()
    wall.post(own)
    office.saved(f"{wall.office(1)}/approve", seen="held")
    office.saved(f"{wall.office(1)}/approve", seen="withdrawn")
    assert states(wall) == [CommentState.WITHDRAWN] and wall.shown() == [] and order(office) == []


def test_those_ticked_are_approved_together(wall: Wall, office: Office) -> None:
    for name in ("Ada", "Ben", "Cleo"):
        wall.write(name=name)
    ids = [row.id for row in wall.rows()]
    enter(wall.app, "otto@example.org").saved(f"{wall.office(2)}/reject", seen="held", reason="spam")
    office.saved(ROOM, items=[f"comment:{one}@held" for one in ids[:2]])
    assert states(wall) == [CommentState.APPROVED, CommentState.REJECTED, CommentState.HELD]
    said = office.get(ROOM)
    assert "1 is approved. 1 was changed or taken back meanwhile" in said
    for wrong in ({}, {"items": ["house:1@held"]}, {"items": ["comment:0@held"]}):
        assert office.post(ROOM, **wrong).status_code == 422


def test_the_last_judgement_is_undone_from_the_room(wall: Wall, office: Office) -> None:
    wall.write()
    office.saved(f"{wall.office(1)}/approve", seen="held")
    act = re.search(r'name="act" value="(\d+)"', office.get(ROOM))
    assert act and "approved." in office.get(ROOM)
    other = enter(wall.app, "otto@example.org")
    assert "Undo it" not in other.get(ROOM), "what others did is undone on its own page"
    other.saved(f"{ROOM}/undo", act=act[1])
    office.saved(f"{ROOM}/undo", act="0")
    assert states(wall) == [CommentState.APPROVED]
    office.saved(f"{ROOM}/undo", act=act[1])
    assert states(wall) == [CommentState.HELD] and "Undo it" not in office.get(ROOM)


def test_the_queue_is_filtered_by_state_kind_and_case(wall: Wall, office: Office) -> None:
    with wall.app.app_context():
        other = Wall(wall.app, "other", make_case(slug="other", comments_open=True).id)
    wall.write(name="Ada")
    wall.write(name="Ben", kind="solidarity")
    other.write(name="Cleo")
    office.saved(f"{wall.office(1)}/approve", seen="held")
    assert order(office) == ["Ben", "Cleo"] == order(office, "?state=nonsense&kind=&case=x")
    assert order(office, f"?case={other.case_id}") == ["Cleo"] == order(office, "?kind=comment")
    assert order(office, "?kind=solidarity") == ["Ben"] and order(office, "?kind=wall") == []
    assert order(office, "?state=approved") == ["Ada"] and order(office, "?state=rejected") == []
    where = office.saved(f"{wall.office(2)}/approve?kind=solidarity", seen="held", following="comment-9")
    assert where == f"{ROOM}?kind=solidarity#comment-9", "back to where the moderator was"


def test_an_empty_queue_says_what_to_do_next(wall: Wall, office: Office) -> None:
    for query, said, link in (
        ("", "A case takes comments once its page in the office opens them", "/office/"),
        ("?kind=wall", "Nothing of this waits.", ROOM), ("?state=reported", "No report waits for an answer.", ROOM),
        ("?state=approved", "nobody has approved any", ROOM), ("?state=rejected", "is deleted after 30 days", ROOM),
    ):  # fmt: skip
        [queue] = re.findall(r'id="queue".*?</div>', office.get(ROOM + query), re.DOTALL)
        assert said in queue and f'<a href="{link}">' in queue, query


def test_another_cases_comment_is_not_found(wall: Wall, office: Office) -> None:
    with wall.app.app_context():
        other = make_case(slug="other").id
    wall.write()
    for act in ("", "/approve", "/reply", "/address"):
        path = f"/office/cases/{other}/comments/{number(wall, 1)}{act}"
        assert (office.post(path, seen="held") if act else office.client.get(path)).status_code == 404
    assert states(wall) == [CommentState.HELD]


def test_an_address_is_shown_once_and_noted(wall: Wall, office: Office) -> None:
    wall.write()
    assert EMAIL not in office.get(ROOM) + office.get(wall.office(1))
    assert EMAIL in office.post(f"{wall.office(1)}/address").text
    assert EMAIL not in office.get(wall.office(1))
    assert office.acts() == [("comment.address_opened", str(number(wall, 1)))]


def test_a_reply_stands_under_the_comment_while_it_is_shown(wall: Wall, office: Office) -> None:
    wall.write()
    office.saved(f"{wall.office(1)}/reply", reply="We told her.\nShe laughed.")
    assert "She laughed" not in wall.text()
    office.saved(f"{wall.office(1)}/approve", seen="held", following="own")
    assert "We told her.\nShe laughed." in wall.text()
    answer = office.post(f"{wall.office(1)}/reply", reply="x" * 1001)
    assert answer.status_code == 422 and "Shorten it" in answer.text
    office.saved(f"{wall.office(1)}/reply", reply="")
    assert "The organisers</footer>" not in wall.text()


def test_many_reports_lift_words_to_the_top_and_hide_nothing(wall: Wall, office: Office) -> None:
    for name in ("Ada", "Ben", "Cleo"):
        wall.write(name=name)
    for which in (2, 3):
        office.saved(f"{wall.office(which)}/approve", seen="held")
    for network in ("192.0.2.1", "192.0.2.9", "198.51.100.1"):
        report(wall, 3, network)
    report(wall, 2, "192.0.2.1")
    assert order(office) == ["Ada", "Ben", "Cleo"], "the same network, or too few of them: no more than their turn"
    assert "Reported from 2 networks" in office.get(ROOM)
    report(wall, 3, "203.0.113.5")
    assert order(office) == ["Cleo", "Ada", "Ben"] and order(office, "?state=reported") == ["Cleo", "Ben"]
    assert {one.name for one in wall.shown()} == {"Ben", "Cleo"}
    assert "It insults me" in office.get(wall.office(3))


def test_judging_answers_the_reports_and_undoing_opens_them_again(wall: Wall, office: Office) -> None:
    wall.write(name="Ada")
    office.saved(f"{wall.office(1)}/approve", seen="held")
    report(wall, 1)
    office.saved(f"{wall.office(1)}/approve", seen="approved")
    assert order(office) == [] and len(wall.shown()) == 1, "kept"
    office.saved(f"{wall.office(1)}/undo", seen="approved")
    assert order(office) == ["Ada"] and len(wall.shown()) == 1
    office.saved(f"{wall.office(1)}/reject", seen="approved", reason="abuse")
    assert order(office) == [] and wall.shown() == []


def test_a_report_is_sealed_and_forgets_its_network_in_a_day(wall: Wall, office: Office) -> None:
    wall.write()
    office.saved(f"{wall.office(1)}/approve", seen="held")
    report(wall, 1, text="She lives in Quay Street")
    report(wall, 1, "198.51.100.1", website="https://spam.example")
    with wall.app.app_context():
        rows = db.session.scalars(select(Report).order_by(Report.id)).all()
        assert [(row.counts, bool(row.bucket)) for row in rows] == [(True, True), (False, False)]
        assert not any(b"Quay" in (row.blob or b"") for row in rows)
        assert not reports.forget_buckets()
        db.session.execute(update(Report).values(received_at=clock.now() - timedelta(hours=25)))
        db.session.commit()
        assert reports.forget_buckets()
        assert db.session.scalar(select(func.count(Report.bucket))) == 0
    report(wall, 1)
    assert "Reported from 2 networks" in office.get(ROOM), "a day later the same network counts again"
    office.saved(f"{wall.office(1)}/approve", seen="approved")
    with wall.app.app_context():
        assert retention_run.run(clock.now() + timedelta(days=29)).emptied.get("reports") is None
        assert retention_run.run(clock.now() + timedelta(days=31)).emptied["reports"] == 3


def test_only_what_is_shown_is_reported_with_a_reason_and_within_limits(
    wall: Wall, office: Office, limited: None
) -> None:
    wall.write()
    path = f"/reports/comment/{number(wall, 1)}"
    assert wall.get(path).status_code == wall.post(path, reason="abuse").status_code == 404
    office.saved(f"{wall.office(1)}/approve", seen="held")
    assert f'href="{path}"' in wall.text() and TEXT in wall.text(path)
    wrong = wall.post(path, reason="sermon", text="Every word of it")
    assert (
        wrong.status_code == 422 and "Every word of it" in wrong.text and "Choose what is wrong with it" in wrong.text
    )
    assert [wall.post(path, reason="spam").status_code for _ in range(10)] == [303] * 10
    refused = wall.post(path, reason="spam", text="The eleventh")
    assert refused.status_code == 429 and "The eleventh" in refused.text


def test_words_of_donors_are_judged_reported_and_undone_in_the_same_room(
    app: Flask, wall: Wall, office: Office
) -> None:
    pay(app, gift_by(app, wall.slug, message=MESSAGE))

    def words() -> tuple[Words, str | None]:
        with app.app_context():
            entry = db.session.scalars(select(WallEntry)).one()
            return entry.words, entry.message

    with app.app_context():
        path = f"/office/wall/{db.session.scalar(select(WallEntry.id))}/words"
    assert MESSAGE in office.get(f"{ROOM}?kind=wall&case={wall.case_id}")
    office.saved(f"{path}/approve", seen="held")
    assert words() == (Words.APPROVED, MESSAGE) and MESSAGE in office.get(f"{ROOM}?state=approved")
    with app.app_context(), ThreadPoolExecutor(1) as elsewhere:
        row = db.session.scalars(select(WallEntry)).one()
        elsewhere.submit(office.saved, f"{path}/reject", seen="approved", reason="spam").result()
        assert row.words == Words.APPROVED, "this session does not know yet"
        with pytest.raises(judging.MovedOn):
            judging.judge(Subject("wall", row.id), Act.REJECT, seen="approved", actor="otto@example.org")
        db.session.rollback()
    office.saved(f"{path}/undo", seen="rejected")
    public = path.replace("/office/wall", "/reports/wall").removesuffix("/words")
    assert public in app.test_client().get(f"/donate/{wall.slug}/wall?before={2**40}").text
    assert wall.post(public, reason="personal").status_code == 303
    assert MESSAGE in office.get(f"{ROOM}?state=reported")
    office.saved(f"{path}/reject", seen="approved", reason="personal")
    assert words() == (Words.HIDDEN, None) and wall.get(public).status_code == 404
    office.saved(f"{path}/reject", seen="held", reason="spam")
    assert "Somebody else has judged it meanwhile" in office.get(ROOM)
    office.saved(f"{path}/undo", seen="rejected")
    assert words() == (Words.APPROVED, MESSAGE) and MESSAGE in office.get(f"{ROOM}?state=reported")
    office.saved(f"{path}/undo", seen="approved")
    assert words() == (Words.WAITING, None)


def test_the_dashboard_and_a_daily_mail_say_that_something_waits(wall: Wall, office: Office) -> None:
    assert "Words to judge" not in office.get("/office/")
    wall.write()
    wall.write(website="https://spam.example")
    assert "1 thing that the public wrote waits since" in office.get("/office/")

    def remind() -> bool:
        with wall.app.app_context():
            return jobs.remind()

    assert not remind()
    with wall.app.app_context():
        db.session.execute(update(Comment).values(received_at=clock.now() - timedelta(hours=25)))
        db.session.commit()
    assert remind() and not remind(), "one mail a day"
    wall.work()
    with wall.app.app_context():
        assert db.session.scalar(select(func.count()).where(Job.key.startswith("alarm:moderation-waits:"))) == 1
        mails = list(wall.app.config["UNDERSIGNED"].mail_folder.glob("*.eml"))
        assert len(mails) == 1 and "waited for more than a day" in mails[0].read_text().replace("=\n", "").replace(
            "\n", " "
        )
    office.saved(f"{wall.office(1)}/approve", seen="held")
    assert "Words to judge" not in office.get("/office/")


def test_what_is_judged_on_other_pages_is_linked_with_its_number(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    campaign.sign("trapped@example.org", website="https://spam.example")
    campaign.work()
    assert f'href="/office/petitions/{campaign.id}/held">1 held signature' in office.get(ROOM)


def test_messages_of_solidarity_are_printed_without_the_rest(wall: Wall, office: Office) -> None:
    path = f"/office/cases/{wall.case_id}/comments/solidarity.pdf"
    wall.write(name="Held Example", kind="solidarity")
    office.saved(f"{wall.office(1)}/reply", reply="Ours")
    assert office.client.get(path).status_code == 303, "nothing to print"
    hostile = '#panic("x") *a*\nسلام'
    for fields in ({"kind": "comment", "name": "Only Comment"}, {"kind": "solidarity", "name": "Ada", "text": hostile}):
        wall.write(**fields)
    for which in (2, 3):
        office.saved(f"{wall.office(which)}/approve", seen="held")
    answer = office.client.get(path)
    assert answer.mimetype == "application/pdf" and "messages.pdf" in answer.headers["Content-Disposition"]
    said = " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages).split())
    assert "Messages for Person" in said and '#panic("x") *a*' in said and "Ada, Ireland" in said
    assert not any(words in said for words in ("Held", "Only Comment", EMAIL, "Undersigned"))


def test_notes_are_emptied_after_a_month_and_the_acts_stay(wall: Wall, office: Office) -> None:
    wall.write()
    office.saved(f"{wall.office(1)}/reject", seen="held", reason="personal", note="Names her street")
    with wall.app.app_context():
        assert retention_run.run(clock.now() + timedelta(days=31)).emptied["moderators' notes"] == 1
        [act] = db.session.scalars(select(ModerationAct))
        assert (act.note, act.actor) == ("", "olga@example.org")


@pytest.mark.parametrize("kept", [True, False])
def test_what_does_not_open_can_be_rejected_only(wall: Wall, office: Office, kept: bool) -> None:
    wall.write()
    with wall.app.app_context():
        broken = {} if kept else {"blob": b"changed by somebody"}
        if broken:
            db.session.execute(update(Comment).values(broken))
        db.session.commit()
    office.saved(f"{wall.office(1)}/approve", seen="held")
    assert states(wall) == [CommentState.APPROVED if kept else CommentState.HELD]
    if not kept:
        assert "seal does not open" in office.get(ROOM)
        office.saved(f"{wall.office(1)}/reject", seen="held", reason="spam")
        assert states(wall) == [CommentState.REJECTED]
