"""The record of a delivery: handed over, answered, papers published; what the petition's page says; reminders."""

import io
from datetime import date, timedelta
from html import unescape

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from cases.models import Case
from core import clock
from core.db import db
from deliveries.clerk.models import DeliveryPaper
from deliveries.states import DeliveryState, HandedHow
from petitions import services
from petitions.models import Petition
from petitions.states import PetitionState
from tests.core.smtp import Server, receiving
from tests.deliveries.clerking import Desk, make_desk, text_of

PDF = b"%PDF-1.4 our answer\n%%EOF"
HANDED = {
    "handed_on": "2026-11-02",
    "handed_how": "in_person",
    "handed_by": "Olga",
    "file_number": "",
    "answer_due": "",
}


@pytest.fixture
def desk(app: Flask) -> Desk:
    return make_desk(app)


def set_state(desk: Desk, state: PetitionState) -> None:
    with desk.app.app_context():
        petition = db.session.get_one(Petition, desk.campaign.id)
        petition.state, petition.closes_at = state, clock.now() - timedelta(days=40)
        db.session.commit()
    services.forget()


def petition(desk: Desk) -> Petition:
    with desk.app.app_context():
        return db.session.get_one(Petition, desk.campaign.id)


def page(desk: Desk) -> str:
    services.forget()
    return unescape(desk.app.test_client().get(f"/petitions/{desk.campaign.slug}?fresh").text)


def test_a_noted_delivery_delivers_a_closed_petition_and_stands_on_its_page(desk: Desk) -> None:
    set_state(desk, PetitionState.CLOSED)
    desk.office.saved(desk.record, **HANDED)
    found = petition(desk)
    assert (found.state, f"{found.delivered_on}") == (PetitionState.DELIVERED, "2026-11-02")
    with desk.app.app_context():
        row = desk.found()
        assert (row.handed_on, row.handed_how, row.handed_by) == (date(2026, 11, 2), HandedHow.IN_PERSON, "Olga")
    said = page(desk)
    assert "Handed over on" in said and "A. Recipient, Secretary, An Office." in said
    assert "The letter was handed over on" not in said, "once is enough"
    assert "Olga" not in said
    acts = [act for act, _ in desk.office.acts()]
    assert "delivery.handed_over" in acts and "petition.delivered" in acts
    assert desk.record in desk.office.get(f"/office/petitions/{desk.campaign.id}/retention")


def test_an_interim_delivery_leaves_an_open_petition_open(desk: Desk) -> None:
    desk.office.saved(desk.record, **HANDED)
    assert petition(desk).state == PetitionState.OPEN and petition(desk).delivered_at is None
    assert "Handed over on" in page(desk)


def test_an_earlier_delivery_noted_late_does_not_set_the_clocks_back(desk: Desk) -> None:
    set_state(desk, PetitionState.CLOSED)
    desk.office.saved(f"/office/petitions/{desk.campaign.id}/retention", on="2026-11-10", days="30")
    desk.office.saved(desk.record, **HANDED)
    assert f"{petition(desk).delivered_on}" == "2026-11-10" and petition(desk).retention_days == 30
    assert "The letter was handed over on" in page(desk)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"handed_on": ""}, "Give the day"), ({"handed_on": "2099-01-01"}, "still to come"), ({"handed_how": ""}, "Choose"),
        ({"answer_due": "soon"}, "year-month-day"), ({"handed_by": "x" * 121}, "120"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_what_was_typed_stays(desk: Desk, fields: dict[str, str], words: str) -> None:
    answer = desk.office.post(desk.record, **{**HANDED, "handed_by": "Somebody", **fields})
    assert answer.status_code == 422 and words in unescape(answer.text)
    assert "Somebody" in answer.text or "handed_by" in fields
    with desk.app.app_context():
        assert desk.found().handed_on is None


def test_nothing_is_noted_of_a_list_that_was_never_made(desk: Desk) -> None:
    desk.change(state=DeliveryState.CANCELLED)
    assert desk.office.post(desk.record, **HANDED).status_code == 422
    assert desk.office.post(f"{desk.record}/reply", reply="No.", replied_on="2026-11-05").status_code == 422
    assert "once the pack is made" in desk.office.get(desk.record)


@pytest.mark.parametrize("shield", ["dangerous", "frozen_at"])
def test_a_dangerous_or_frozen_case_says_no_more_than_before(desk: Desk, shield: str) -> None:
    set_state(desk, PetitionState.CLOSED)
    desk.office.saved(desk.record, **HANDED)
    paper = published(desk)
    assert paper in page(desk)
    with desk.app.app_context():
        setattr(db.session.scalars(select(Case)).one(), shield, True if shield == "dangerous" else clock.now())
        db.session.commit()
    said = page(desk)
    assert "Handed over on" not in said and paper not in said
    assert ("The letter was handed over on" in said) == (shield == "dangerous")
    assert desk.app.test_client().get(paper).status_code == 404


def published(desk: Desk, kind: str = "reply") -> str:
    """A paper that an organiser has added and published: its public path."""
    desk.office.saved(f"{desk.record}/papers", kind=kind, file=(io.BytesIO(PDF), "scan.pdf"))
    with desk.app.app_context():
        paper = db.session.scalars(select(DeliveryPaper).order_by(DeliveryPaper.id.desc()).limit(1)).one()
    desk.office.saved(f"{desk.record}/papers/{paper.id}/publish")
    return f"/deliveries/papers/{paper.public_id}"


def test_a_paper_is_public_from_an_organisers_yes_to_the_no(desk: Desk) -> None:
    desk.office.saved(desk.record, **HANDED)
    desk.office.saved(f"{desk.record}/papers", kind="receipt", file=(io.BytesIO(PDF), "scan of Ada.pdf"))
    with desk.app.app_context():
        paper = db.session.scalars(select(DeliveryPaper)).one()
        number, path = paper.id, f"/deliveries/papers/{paper.public_id}"
        assert paper.content is None and PDF not in (paper.blob or b"")
    assert desk.app.test_client().get(path).status_code == 404 and path not in page(desk)
    desk.office.saved(f"{desk.record}/papers/{number}/publish")
    answer = desk.app.test_client().get(path)
    assert (
        answer.data == PDF and answer.headers["Content-Disposition"] == f'attachment; filename="receipt-{number}.pdf"'
    )
    assert answer.headers["X-Content-Type-Options"] == "nosniff" and f'href="{path}">The receipt<' in page(desk)
    desk.office.saved(f"{desk.record}/papers/{number}/withhold")
    assert desk.app.test_client().get(path).status_code == 404 and path not in page(desk)
    with desk.app.app_context():
        assert db.session.scalars(select(DeliveryPaper.content)).one() is None
    acts = [act for act, _ in desk.office.acts() if "paper" in act]
    assert acts == ["delivery.paper_added", "delivery.paper_publish", "delivery.paper_withhold"]


def test_a_paper_of_another_delivery_is_not_there(desk: Desk) -> None:
    other = make_desk(desk.app)
    published(other)
    with desk.app.app_context():
        number = db.session.scalars(select(DeliveryPaper.id)).one()
    for act in ("open", "publish"):
        assert desk.office.post(f"{desk.record}/papers/{number}/{act}").status_code == 404


def test_the_reply_becomes_the_public_answer_by_one_press_and_never_twice(desk: Desk) -> None:
    set_state(desk, PetitionState.DELIVERED)
    nothing = desk.office.post(f"{desk.record}/answer")
    assert nothing.status_code == 303 and petition(desk).answered_on is None
    desk.office.saved(f"{desk.record}/reply", reply="We *regret*.", replied_on="2026-11-05")
    assert "We <em>regret" not in page(desk), "noting it publishes nothing"
    desk.office.saved(f"{desk.record}/answer")
    assert "We <em>regret</em>." in page(desk) and petition(desk).state == PetitionState.ANSWERED
    desk.office.saved(
        f"/office/petitions/{desk.campaign.id}/answer", answer="Corrected.", answered_on="2026-11-06", answer_source=""
    )
    assert "Publish the reply as the answer" not in desk.office.get(desk.record)
    desk.office.post(f"{desk.record}/answer")
    assert petition(desk).answer == "Corrected."
    assert [act for act, _ in desk.office.acts()].count("petition.answered") == 2


def due(server: Server) -> list[str]:
    mails = [text_of(mail).replace("\r\n", "\n") for mail in server.inbox.mails() if mail["To"] == "olga@example.org"]
    return [said for said in mails if "answer is due" in said]


def test_organisers_are_reminded_on_the_day_and_once_a_week_later(desk: Desk) -> None:
    start, counts = clock.now(), []
    desk.change(answer_due=start.date() + timedelta(days=2))
    with receiving(desk.app) as server, time_machine.travel(start) as now:
        for days in (0, 2, 0, 3, 4, 0, 20):
            now.shift(timedelta(days=days))
            desk.campaign.work()
            counts.append(len(due(server)))
        assert counts == [0, 1, 1, 1, 2, 2, 2]
        assert desk.record in due(server)[0]


def test_nobody_is_reminded_of_what_has_come(desk: Desk) -> None:
    day = clock.now().date()
    desk.change(answer_due=day - timedelta(days=1), replied_on=day, reply="No.")
    with receiving(desk.app) as server:
        desk.campaign.work()
        assert due(server) == []


def test_the_dashboard_tells_when_an_answer_is_due_and_that_it_was(desk: Desk) -> None:
    desk.change(answer_due=clock.now().date() + timedelta(days=9))
    assert "The recipient’s answer is due" in desk.office.get("/office/") and desk.record in desk.office.get("/office/")
    desk.change(answer_due=clock.now().date() - timedelta(days=9))
    assert "The recipient’s answer was due" in desk.office.get("/office/")
    desk.change(replied_on=clock.now().date(), reply="No.")
    assert "answer was due" not in desk.office.get("/office/")
