"""Who leaves after the list was made: the line is noted, its link to the person is cut, the recipient is told (Art. 19)."""

from datetime import date, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, update

from cases.models import Case
from core import clock
from core.audit import AuditEntry
from core.db import db
from deliveries import corrections
from deliveries.clerk.notes import ranges
from deliveries.log.models import LogCheckpoint
from deliveries.models import Correction, LinePart
from petitions.models import Petition, Signature
from petitions.states import SignatureState, Visibility
from tests.core.smtp import receiving
from tests.deliveries.clerking import CLERK, Desk, make_desk, text_of

PEOPLE = [f"{name}@example.org" for name in ("ada", "ben", "cy", "di", "eve")]
DAY = timedelta(days=1, minutes=1)


@pytest.fixture
def desk(app: Flask) -> Desk:
    made = make_desk(app)
    made.delivered(*PEOPLE)
    return made


def noted(desk: Desk) -> list[tuple[int, str, bool]]:
    with desk.app.app_context():
        rows = db.session.scalars(select(Correction).order_by(Correction.number)).all()
        return [(row.number, row.reason, row.sent_at is not None) for row in rows]


def ids_on_lines(desk: Desk) -> list[int]:
    with desk.app.app_context():
        packed = db.session.scalars(select(LinePart.signature_ids)).one()
    return [int.from_bytes(packed[place : place + 8], "big") for place in range(0, len(packed), 8)]


def notes(desk: Desk, address: str = CLERK) -> list[str]:
    return [text_of(mail) for mail in desk.mails(address) if mail["Subject"].startswith("A note on delivery")]


def test_whoever_leaves_is_noted_by_line_and_the_line_forgets_who_it_was(desk: Desk) -> None:
    before = ids_on_lines(desk)
    desk.leave("ben@example.org")
    desk.campaign.work()
    assert noted(desk) == [(2, "withdrawn", False)]
    assert ids_on_lines(desk) == [before[0], 0, *before[2:]]
    desk.campaign.work()
    assert len(noted(desk)) == 1
    with desk.app.app_context():
        [entry] = db.session.scalars(select(AuditEntry).where(AuditEntry.act == "delivery.corrected")).all()
        assert (entry.actor, entry.detail) == ("system", {"lines": 1})


def test_every_way_to_leave_is_told_apart_and_who_was_only_counted_is_not_one(desk: Desk) -> None:
    desk.campaign.signed("fay@example.org", visibility="counted")
    before = ids_on_lines(desk)
    ways = {
        before[0]: {"state": SignatureState.INVALIDATED}, before[2]: {"visibility": Visibility.COUNTED},
        before[3]: {"state": SignatureState.ERASED, "blob": None, "email_index": None},
        before[4]: {"cleared_at": clock.now()},
    }  # fmt: skip
    with desk.app.app_context():
        for number, values in ways.items():
            db.session.execute(update(Signature).where(Signature.id == number).values(**values))
        db.session.commit()
    desk.campaign.work()
    assert [(number, why) for number, why, _ in noted(desk)] == [(1, "invalidated"), (3, "counted"), (4, "erased")]
    assert ids_on_lines(desk) == [0, before[1], 0, 0, before[4]], "what a clock deleted is no correction"


def test_parts_of_a_list_count_on_from_each_other(desk: Desk) -> None:
    before = ids_on_lines(desk)
    packed = [one.to_bytes(8, "big") for one in before]
    with desk.app.app_context():
        part = db.session.scalars(select(LinePart)).one()
        part.signature_ids = packed[4] + packed[0]
        db.session.add(LinePart(delivery_id=part.delivery_id, first=3, signature_ids=b"".join(packed[1:4])))
        db.session.commit()
    desk.leave("ada@example.org")
    desk.leave("cy@example.org")
    desk.campaign.work()
    assert [number for number, _, _ in noted(desk)] == [2, 4]


def test_the_clerk_is_mailed_numbers_and_no_names_by_smtp(desk: Desk) -> None:
    desk.send()
    desk.leave("ben@example.org")
    desk.leave("cy@example.org")
    desk.leave("eve@example.org")
    with receiving(desk.app) as server:
        desk.campaign.work()
        sent = [mail for mail in server.inbox.mails() if mail["To"] == CLERK]
    [message] = sent
    said = text_of(message).replace("\r\n", "\n")
    assert "\n2–3, 5\n" in said and desk.public_id in said and "Article 19" in said and "/unsubscribe/" in said
    for name in ("Ben", "Cy ", "Eve", "example.org", "Petition "):
        assert name not in said and name not in message["Subject"]
    assert all(sent for _, _, sent in noted(desk))
    with desk.app.app_context():
        [entry] = db.session.scalars(select(AuditEntry).where(AuditEntry.act == "delivery.correction_sent")).all()
        assert entry.detail == {"lines": 3}


def test_a_delivery_is_written_about_once_a_day_at_most(desk: Desk) -> None:
    desk.send()
    desk.leave("ada@example.org")
    desk.campaign.work()
    desk.leave("di@example.org")
    desk.campaign.work()
    assert len(notes(desk)) == 1 and "\n1\n" in notes(desk)[0]
    with time_machine.travel(clock.now() + DAY):
        desk.campaign.work()
        desk.campaign.work()
    assert len(notes(desk)) == 2 and "\n4\n" in notes(desk)[1]


def test_without_a_clerk_organisers_pass_the_note_on(desk: Desk) -> None:
    desk.leave("ada@example.org")
    desk.leave("ben@example.org")
    desk.campaign.work()
    page = desk.office.get(desk.record)
    assert "has not been told yet of: 1–2." in page
    note = desk.office.client.get(f"{desk.record}/corrections.txt")
    assert "\n1–2\n" in note.text and "Ada" not in note.text and note.headers["Cache-Control"] == "no-store"
    assert note.headers["Content-Disposition"].startswith("attachment")
    with desk.app.app_context():
        last = max(row.id for row in db.session.scalars(select(Correction)))
    desk.leave("cy@example.org")
    desk.campaign.work()
    desk.office.saved(f"{desk.record}/corrections", last=str(last))
    assert noted(desk) == [(1, "withdrawn", True), (2, "withdrawn", True), (3, "withdrawn", False)]
    assert "has not been told yet of: 3." in desk.office.get(desk.record)
    desk.office.saved(f"{desk.record}/corrections", last="none")
    assert noted(desk)[2][2] is False


def test_nobody_is_told_once_the_recipient_has_to_have_deleted_the_list(desk: Desk) -> None:
    desk.send()
    desk.change(delete_by=date(2026, 1, 1))
    desk.leave("ada@example.org")
    desk.campaign.work()
    assert notes(desk) == [] and len(noted(desk)) == 1


def test_who_wants_no_mail_gets_none_and_organisers_see_it(desk: Desk) -> None:
    desk.send()
    stop = next(line for line in text_of(desk.mails(CLERK)[-1]).splitlines() if "/unsubscribe/" in line)
    desk.app.test_client().post("/unsubscribe/" + stop.partition("/unsubscribe/")[2], data={"stop": "yes"})
    desk.leave("ada@example.org")
    desk.campaign.work()
    assert notes(desk) == [] and noted(desk) == [(1, "withdrawn", False)]
    assert "has not been told yet of: 1." in desk.office.get(desk.record)


def test_an_erased_petition_keeps_no_line_of_anybody(desk: Desk) -> None:
    with desk.app.app_context():
        db.session.get_one(Petition, desk.campaign.id).erased_at = clock.now()
        db.session.commit()
    desk.campaign.work()
    with desk.app.app_context():
        assert db.session.scalars(select(LinePart)).all() == []


def test_what_anybody_may_know_of_it_is_a_round_number_and_of_a_dangerous_case_none(desk: Desk) -> None:
    def shown() -> int | None:
        with desk.app.app_context():
            return corrections.shown(desk.found())

    with desk.app.app_context():
        delivery = desk.found().id
        db.session.add_all(
            Correction(delivery_id=delivery, number=number, reason="withdrawn") for number in range(1, 20)
        )
        db.session.commit()
    assert shown() is None
    with desk.app.app_context():
        db.session.add_all(
            Correction(delivery_id=delivery, number=number, reason="withdrawn") for number in range(20, 38)
        )
        db.session.commit()
    assert shown() == 30
    with desk.app.app_context():
        db.session.scalars(select(Case)).one().dangerous = True
        db.session.commit()
    assert shown() is None


def checkpoint(desk: Desk, size: int) -> str:
    note = f"example.org/petitions/x\n{size}\nAAAA\n\n— example.org BBBB{size}\n"
    with desk.app.app_context():
        row = LogCheckpoint(
            petition_id=desk.campaign.id, size=size, digest=bytes(32), note=note, created_at=clock.now()
        )
        db.session.add(row)
        db.session.commit()
    return note


def test_the_newest_checkpoint_comes_once_in_thirty_days_while_the_link_lives(desk: Desk) -> None:
    desk.send()
    withdraw = [mail.links["withdraw"] for mail in desk.campaign.mails("ada@example.org") if mail.links][-1]
    with receiving(desk.app) as server, time_machine.travel(clock.now() + timedelta(days=29)) as now:

        def sent() -> list[str]:
            desk.campaign.work()
            desk.campaign.work()
            return [text_of(mail).replace("\r\n", "\n") for mail in server.inbox.mails() if mail["To"] == CLERK]

        checkpoint(desk, 8)
        note = checkpoint(desk, 16)
        assert sent() == []
        now.shift(timedelta(days=2))
        [mail] = sent()
        assert note in mail and "strike" not in mail
        now.shift(timedelta(days=20))
        checkpoint(desk, 24)
        assert desk.campaign.press(withdraw).status_code == 303
        [_first, mail] = sent()
        assert "strike" in mail and "checkpoint" not in mail
        now.shift(timedelta(days=60))
        checkpoint(desk, 32)
        assert len(sent()) == 2, "the link has run out"


def test_line_numbers_are_told_in_ranges() -> None:
    assert ranges([1, 2, 3, 5, 7, 8]) == "1–3, 5, 7–8"
    assert ranges([]) == "" and ranges([4]) == "4"
