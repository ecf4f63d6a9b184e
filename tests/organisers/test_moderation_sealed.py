"""The moderation room where something does not open, has gone, or was reported by many: the rest goes on, and is told."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from cases.comments.models import Comment, CommentState
from core import reports
from core.db import db
from core.reports import Report
from core.vault import vault
from donations.wall.models import WallEntry, Words
from organisers.accounts.models import Membership, OfficeRole
from organisers.moderation import queue, subjects
from organisers.moderation.subjects import Look, Subject
from tests.cases.conftest import TEXT, Wall
from tests.cases.conftest import wall as wall
from tests.donations.test_wall import MESSAGE, gift_by, pay
from tests.factories import make_case
from tests.organisers.conftest import Office, enter
from tests.organisers.test_moderation_room import ROOM, number, report, states

SEALED = "its seal does not open"


@contextmanager
def without_keys(app: Flask) -> Iterator[None]:
    """As on a machine to which nobody has brought the keystore's scopes."""
    with app.app_context():
        folder = vault().keystore.folder
        vault().forget()
    files = list(folder.glob("scope-*.json"))
    for path in files:
        path.rename(path.with_suffix(".away"))
    yield
    for path in files:
        path.with_suffix(".away").rename(path)


@pytest.fixture
def given(app: Flask, wall: Wall) -> int:
    """Words of a donor that wait; their number."""
    pay(app, gift_by(app, wall.slug, message=MESSAGE))
    with app.app_context():
        return db.session.scalars(select(WallEntry.id)).one()


def names(wall: Wall, *which: int, seen: str = "held") -> list[str]:
    return [f"comment:{number(wall, one)}@{seen}" for one in which]


def test_without_the_keys_the_room_stands_and_says_what_it_cannot_read(
    app: Flask, wall: Wall, office: Office, given: int
) -> None:
    for name in ("Ada", "Ben", "Cleo"):
        wall.write(name=name)
    office.saved(f"{wall.office(3)}/approve", seen="held")
    report(wall, 3, text="It insults me")
    with without_keys(app):
        page = office.get(ROOM)
        assert page.count("The words cannot be read: their seal does not open") == 4, (
            "three things, and a report's words"
        )
        assert TEXT in page, "what is shown stands in clear"
        assert office.get(wall.office(1)).count("their seal does not open") == 1
        assert "4 things that the public wrote wait" in office.get("/office/")
        for path in (f"{wall.office(1)}/approve", f"/office/wall/{given}/words/approve"):
            office.saved(path, seen="held")
            assert "Its seal does not open, so that it cannot be shown." in office.get(ROOM)
        office.saved(ROOM, items=[*names(wall, 1), f"wall:{given}@held"])
        assert "0 are approved. 2 cannot be shown, because their seals do not open" in office.get(ROOM)
        office.saved(f"{wall.office(2)}/reject", seen="held", reason="spam")
        assert "The address has been deleted" in office.post(f"{wall.office(1)}/address").text
        assert states(wall) == [CommentState.HELD, CommentState.REJECTED, CommentState.APPROVED]
    office.saved(f"/office/wall/{given}/words/approve", seen="held")
    with app.app_context():
        assert db.session.get_one(WallEntry, given).words == Words.APPROVED, "nothing was lost meanwhile"


def test_counting_what_waits_opens_nothing(app: Flask, wall: Wall, office: Office, given: int) -> None:
    wall.write()
    wall.write(name="Ben")
    office.saved(f"{wall.office(2)}/approve", seen="held")
    report(wall, 2)
    comment = number(wall, 1)
    with app.app_context():
        vault().forget_opened()
        assert queue.attention(None).number == queue.attention(frozenset({wall.case_id})).number == 3
        assert queue.attention(frozenset()) == (0, None)
        assert subjects.look(Subject("wall", given)) == Look("held", wall.case_id)
        assert subjects.look(Subject("comment", comment)) == Look("held", wall.case_id)
        assert not vault()._opened, "no data key was needed"
        queue.items(queue.Filter())
        assert vault()._opened, "to read them it is"


def test_of_many_ticked_those_that_can_be_are_approved_and_the_others_are_told(
    app: Flask, wall: Wall, office: Office, given: int
) -> None:
    with app.app_context():
        other = Wall(app, "other", make_case(slug="other", comments_open=True).id)
    for name in ("Ada", "Ben", "Cleo", "Dora", "Emil"):
        wall.write(name=name)
    other.write(name="Finn")
    wall.post(wall.write(name="Gone"))
    ticked = [*names(wall, 1, 2, 3, 4, 5, 6, 7), "comment:2147483647@held", f"wall:{given}@held"]
    office.saved(f"{wall.office(2)}/reject", seen="held", reason="spam")
    with app.app_context():
        ids = [row.id for row in wall.rows()]
        db.session.execute(delete(Comment).where(Comment.id == ids[2]))
        db.session.execute(update(Comment).where(Comment.id == ids[3]).values(blob=b"changed by somebody"))
        db.session.commit()
    mia = _moderator_of(app, wall.case_id)
    mia.saved(ROOM, items=[*ticked, ticked[0]])
    told = mia.get(ROOM)
    assert "3 are approved. 5 were changed or taken back meanwhile and were left as they are: look again." in told
    assert f"1 cannot be shown, because {SEALED}" in told
    held, approved, rejected, withdrawn = (CommentState(name) for name in ("held", "approved", "rejected", "withdrawn"))
    assert states(wall) == [approved, rejected, held, approved, held, withdrawn], (
        "Ada and Emil; another case's is not hers"
    )


def test_what_reports_say_stands_beside_what_they_are_about(app: Flask, wall: Wall, office: Office, given: int) -> None:
    wall.write()
    office.saved(f"{wall.office(1)}/approve", seen="held")
    office.saved(f"/office/wall/{given}/words/approve", seen="held")
    assert wall.post(f"/reports/wall/{given}", reason="personal", text="<b>My</b> aunt is meant").status_code == 303
    report(wall, 1, reason="danger", text="Her brother still lives there")
    with app.app_context():
        assert not any(b"brother" in (row.blob or b"") for row in db.session.scalars(select(Report)))
    page = office.get(ROOM)
    first, second = page.split("<article")[1:]
    comment, words = (first, second) if "Zenobia" in first else (second, first)
    assert "Danger for somebody: " in comment and "Her brother still lives there" in comment
    assert "Something private: " in words and "<b>My</b> aunt is meant" in words
    assert "&lt;b&gt;My" in office.client.get(ROOM).text
    office.saved(f"{wall.office(1)}/approve", seen="approved")
    assert "Her brother still lives there" not in office.get(f"{ROOM}?state=approved"), "it has been answered"
    assert "Her brother still lives there" in office.get(wall.office(1))


def test_who_reports_again_and_again_pushes_nobody_else_s_words_away(wall: Wall, office: Office) -> None:
    wall.write()
    office.saved(f"{wall.office(1)}/approve", seen="held")
    for turn in range(8):
        report(wall, 1, "192.0.2.1", reason="spam", text=f"Bombing {turn}")
    for last in (1, 2):
        report(wall, 1, f"198.51.{last}.1", reason="danger", text=f"Honest {last}")
    page = office.get(ROOM)
    assert "Honest 1" in page and "Honest 2" in page and page.count("Bombing") == 3
    assert "Danger for somebody (2), Advertising or spam." in " ".join(page.split())


def test_small_reports_of_everything_push_what_many_report_out_of_no_queue(
    app: Flask, wall: Wall, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "SHOWN", 3)
    for name in ("Ada", "Ben", "Cleo", "Dora", "Emil"):
        wall.write(name=name)
    office.saved(ROOM, items=names(wall, 1, 2, 3, 4, 5))
    for which in (1, 2, 3, 4):
        report(wall, which)
    for last in (1, 2, 3):
        report(wall, 5, f"198.51.{last}.1")
    assert "Reported from 3 networks" in office.get(ROOM)


def test_the_old_door_to_donors_words_is_shut(wall: Wall, office: Office, given: int) -> None:
    assert office.client.get("/office/wall").status_code == 404
    assert office.post(f"/office/wall/{given}/approve").status_code == 404
    assert 'href="/office/moderation?kind=wall"' in office.get("/office/gifts")
    assert MESSAGE in office.get("/office/moderation?kind=wall")


def test_a_name_that_is_shown_no_more_has_nothing_to_judge(app: Flask, wall: Wall, office: Office, given: int) -> None:
    office.saved(f"/office/wall/{given}/words/approve", seen="held")
    wall.post(f"/reports/wall/{given}", reason="spam")
    with app.app_context():
        db.session.execute(update(WallEntry).values(name=None, message=None))
        db.session.commit()
        assert reports.standing() and queue.attention(None).number == 0
    assert MESSAGE not in office.get(ROOM)
    office.saved(f"/office/wall/{given}/words/reject", seen="approved", reason="spam")
    assert "Nothing was changed" in office.get(ROOM)


def _moderator_of(app: Flask, case_id: int) -> Office:
    office = enter(app, "mia@example.org")
    with app.app_context():
        db.session.execute(update(Membership).values(role=OfficeRole.MODERATOR, case_id=case_id))
        db.session.commit()
    return office
