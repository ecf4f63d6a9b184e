"""What becomes of petitions: scheduled, opened and closed on time, answered, won, archived, and back; each page says it."""

import email
import email.policy
import json
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import select, update

from core import clock
from core.db import db
from petitions import deadlines, outcomes, services
from petitions.models import Petition
from petitions.services import TRANSITIONS
from petitions.states import PetitionState
from petitions.updates.models import Update
from tests.factories import make_case
from tests.organisers.conftest import Office
from tests.organisers.test_petitions import PETITION, RECIPIENT, fields_of, only
from tests.petitions.conftest import Campaign, make_campaign
from tests.updates.conftest import part

ANSWER = {"answer": "We have *noted* it.", "answered_on": "2026-05-06", "answer_source": "https://example.org/answer"}
VICTORY = {"closing_lines": "They are *free*.", "won_on": "2026-05-10"}
S = PetitionState
OFFERED = {
    S.DRAFT: {"publish", "schedule", "archive"}, S.SCHEDULED: {"unschedule"}, S.OPEN: {"pause", "close"},
    S.PAUSED: {"resume", "close"}, S.CLOSED: {"reopen", "archive"}, S.DELIVERED: {"archive"},
    S.ANSWERED: {"take_back_answer", "archive"}, S.VICTORY: {"take_back_victory", "archive"}, S.ARCHIVED: {"unarchive"},
}  # fmt: skip
LEADS = {
    "publish": S.OPEN, "schedule": S.SCHEDULED, "unschedule": S.DRAFT, "pause": S.PAUSED, "resume": S.OPEN,
    "close": S.CLOSED, "reopen": S.OPEN, "archive": S.ARCHIVED,
}  # fmt: skip


def put(app: Flask, state: PetitionState, **values: object) -> None:
    """Sets the petition's state as if it had come to it."""
    with app.app_context():
        db.session.execute(update(Petition).values(state=state, **values))
        db.session.commit()


def state(app: Flask) -> str:
    return only(app).state.value


def page(campaign: Campaign) -> str:
    return f"/office/petitions/{campaign.id}"


def public(campaign: Campaign, path: str = "") -> str:
    return read(campaign, f"/petitions/{campaign.slug}{path}")


def read(campaign: Campaign, path: str) -> str:
    """A public page as it is now: with an undeclared parameter it passes by the page cache."""
    answer = campaign.client.get(f"{path}?now")
    assert answer.status_code == 200, path
    return unescape(answer.text)


def draft(app: Flask, office: Office, **times: str) -> str:
    """The office's page of a complete draft."""
    with app.app_context():
        case = make_case().id
    where = office.saved(f"/office/cases/{case}/petitions/new", **PETITION, **times)
    office.saved(where, **RECIPIENT)
    return f"/office/petitions/{only(app).id}"


@pytest.mark.parametrize("before", list(S))
def test_each_state_takes_its_acts_and_no_other(app: Flask, office: Office, before: PetitionState) -> None:
    campaign = make_campaign(app)
    future = clock.now() + timedelta(days=9)
    for name in sorted(set().union(*OFFERED.values())):
        ahead = {"opens_at": future if name == "schedule" else clock.now(), "closes_at": None}
        put(app, before, **ahead, won_on=None, answered_on=None)
        answer = office.post(f"{page(campaign)}/{name}")
        assert answer.status_code == (303 if name in OFFERED[before] else 409), name
        wanted = LEADS.get(name, S.CLOSED) if name in OFFERED[before] else before
        assert state(app) == wanted, name


def test_the_office_says_what_each_act_will_do(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    for before, acts in OFFERED.items():
        put(app, before, opens_at=clock.now())
        shown = office.get(page(campaign))
        assert {name for name in LEADS if f'action="{page(campaign)}/{name}"' in shown} == acts & LEADS.keys(), before
    put(app, S.OPEN)
    assert "Nobody can sign until you resume it" in office.get(page(campaign))


def test_a_scheduled_petition_opens_by_itself_and_closes_by_itself(app: Flask, office: Office) -> None:
    where = draft(app, office, opens_at="2090-05-01T09:00", closes_at="2090-06-01T09:00")
    office.saved(f"{where}/schedule")
    assert state(app) == "scheduled" and "Opens on 1 May 2090" in office.get(where)
    assert app.test_client().get("/petitions/release-them").status_code == 404
    campaign = Campaign(app, only(app).id, "release-them")
    campaign.work()
    assert state(app) == "scheduled"
    put(app, S.SCHEDULED, opens_at=clock.now() - timedelta(minutes=1))
    campaign.work()
    assert state(app) == "open" and only(app).published_at is not None
    campaign.signed()
    ended = clock.now() - timedelta(minutes=1)
    put(app, S.OPEN, closes_at=ended)
    campaign.work()
    assert state(app) == "closed" and only(app).closes_at == ended and "closed" in public(campaign, ".json")
    assert office.acts()[-2:] == [("petition.published", "release-them"), ("petition.closed", "release-them")]


def test_a_paused_petition_is_not_closed_by_the_clock(app: Flask) -> None:
    campaign = make_campaign(app)
    put(app, S.PAUSED, closes_at=clock.now() - timedelta(minutes=1))
    campaign.work()
    assert state(app) == "paused"


def test_what_cannot_open_at_its_time_is_a_draft_again_and_organisers_hear_of_it(app: Flask, office: Office) -> None:
    where = draft(app, office, opens_at="2090-05-01T09:00")
    office.saved(f"{where}/schedule")
    campaign = Campaign(app, only(app).id, "release-them")
    put(app, S.SCHEDULED, opens_at=clock.now() - timedelta(minutes=1), letter="")
    campaign.work()
    assert state(app) == "draft"
    (mail,) = campaign.mails()
    assert "could not" in mail.text and "Write the letter." in mail.text
    assert ("petition.not_opened", "release-them") in office.acts()


def test_scheduling_needs_a_time_to_come_and_keeps_it(app: Flask, office: Office) -> None:
    where = draft(app, office)
    answer = office.post(f"{where}/schedule")
    assert answer.status_code == 422 and "opening time that is still to come" in answer.text
    typed = fields_of(only(app), opens_at="2090-05-01T09:00")
    office.saved(f"{where}/edit", **typed)
    office.saved(f"{where}/schedule")
    emptied = office.post(f"{where}/edit", **{**typed, "opens_at": ""})
    assert emptied.status_code == 422 and "back to a draft first" in emptied.text
    office.saved(f"{where}/unschedule")
    assert state(app) == "draft" and only(app).opens_at is not None


def test_an_answer_stands_on_the_page_and_is_mailed_once(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    campaign.signed("ada@example.org", updates="y")
    campaign.signed("bob@example.org")
    office.saved(f"{page(campaign)}/close")
    office.saved(f"{page(campaign)}/answer", **ANSWER)
    assert state(app) == "answered"
    shown = public(campaign)
    assert (
        "We have <em>noted</em> it." in shown and 'href="https://example.org/answer"' in shown and "6 May 2026" in shown
    )
    document = json.loads(public(campaign, ".json"))
    assert document["state"] == "answered" and document["victory"] is None
    assert document["answer"] == {"text": ANSWER["answer"], "date": "2026-05-06", "source_url": ANSWER["answer_source"]}
    assert "Answered on 6 May 2026" in read(campaign, "/petitions/")
    office.saved(f"{page(campaign)}/answer", **{**ANSWER, "answer": "Said better."})
    assert "Said better." in public(campaign)
    assert told(app) == ["answered"]
    campaign.work()
    assert letters(campaign, "has been answered") == ["ada@example.org"]


def test_an_answer_that_cannot_be_is_told_why(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    assert office.post(f"{page(campaign)}/answer", **ANSWER).status_code == 409
    office.saved(f"{page(campaign)}/close")
    wrong = {
        "answer": ("", "Write what the official"), "answered_on": ("2999-01-01", "still to come"),
        "answer_source": ("javascript:alert(1)", "beginning with https"),
    }  # fmt: skip
    for field, (typed, sentence) in wrong.items():
        answer = office.post(f"{page(campaign)}/answer", **{**ANSWER, field: typed})
        assert answer.status_code == 422 and sentence in answer.text, field
    assert state(app) == "closed" and told(app) == []


def test_a_victory_ends_signing_and_is_mailed_once(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    campaign.signed("ada@example.org", updates="y")
    office.saved(f"{page(campaign)}/victory", **VICTORY)
    assert state(app) == "victory" and only(app).closes_at is not None
    assert "They are <em>free</em>." in public(campaign) and "Won on 10 May 2026" in read(campaign, "/petitions/")
    assert campaign.sign("late@example.org").status_code == 409
    office.saved(f"{page(campaign)}/victory", **{**VICTORY, "closing_lines": "Thank you."})
    assert "Thank you." in public(campaign) and told(app) == ["victory"]
    campaign.work()
    assert letters(campaign, "has reached what it asked for") == ["ada@example.org"]


def test_a_victory_taken_back_leaves_the_petition_closed_and_stops_its_mail(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    campaign.signed("ada@example.org", updates="y")
    office.saved(f"{page(campaign)}/victory", **VICTORY)
    ended = only(app).closes_at
    office.saved(f"{page(campaign)}/take_back_victory")
    assert state(app) == "closed" and only(app).closes_at == ended and only(app).won_on is None
    assert "They are" not in public(campaign) and "They are *free*." in office.get(f"{page(campaign)}/victory")
    campaign.work()
    assert letters(campaign, "has reached") == []


def test_a_victory_whose_day_was_corrected_is_recalled_all_the_same(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    campaign.signed("ada@example.org", updates="y")
    office.saved(f"{page(campaign)}/victory", **VICTORY)
    office.saved(f"{page(campaign)}/victory", **{**VICTORY, "won_on": "2026-05-09"})
    office.saved(f"{page(campaign)}/take_back_victory")
    campaign.work()
    assert letters(campaign, "has reached") == []


def test_a_victory_that_was_mailed_taken_back_and_declared_again_is_mailed_once(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    campaign.signed("ada@example.org", updates="y")
    office.saved(f"{page(campaign)}/victory", **VICTORY)
    campaign.work()
    office.saved(f"{page(campaign)}/take_back_victory")
    office.saved(f"{page(campaign)}/victory", **{**VICTORY, "won_on": "2026-05-09"})
    campaign.work()
    assert letters(campaign, "has reached") == ["ada@example.org"]


def test_a_victory_taken_back_before_anybody_heard_is_mailed_when_it_is_declared_again(
    app: Flask, office: Office
) -> None:
    campaign = make_campaign(app)
    campaign.signed("ada@example.org", updates="y")
    for _again in range(2):
        office.saved(f"{page(campaign)}/victory", **VICTORY)
        office.saved(f"{page(campaign)}/take_back_victory")
    office.saved(f"{page(campaign)}/victory", **VICTORY)
    campaign.work()
    assert letters(campaign, "has reached") == ["ada@example.org"]


def test_an_answer_is_recorded_with_a_delivery_and_taken_back_to_it(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    office.saved(f"{page(campaign)}/close")
    day = (clock.now() - timedelta(days=1)).date()
    assert f'href="{page(campaign)}/retention#delivery"' in office.get(page(campaign))
    office.saved(f"{page(campaign)}/retention", on=day.isoformat(), days="30")
    assert state(app) == "delivered" and "The letter was handed over on" in public(campaign)
    clocks = due(app)
    office.saved(f"{page(campaign)}/answer", **ANSWER)
    assert due(app) == clocks
    office.saved(f"{page(campaign)}/take_back_answer")
    assert state(app) == "delivered" and due(app) == clocks and "noted" not in public(campaign)


def test_an_archived_petition_leaves_the_lists_and_its_page_says_so(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    campaign.signed()
    office.saved(f"{page(campaign)}/close")
    office.saved(f"{page(campaign)}/answer", **ANSWER)
    clocks, title = due(app), only(app).title
    office.saved(f"{page(campaign)}/archive")
    shown = public(campaign)
    assert "This petition is archived." in shown and "noindex" in shown and "noted" in shown
    assert json.loads(public(campaign, ".json"))["state"] == "archived"
    with app.app_context():
        case = db.session.get_one(Petition, campaign.id).case.slug
    for path in ("/", "/petitions/", f"/cases/{case}", f"/cases/{case}.json"):
        assert title not in read(campaign, path), path
    assert campaign.sign("late@example.org").status_code == 409
    office.saved(f"{page(campaign)}/unarchive")
    assert state(app) == "answered" and due(app) == clocks
    assert title in read(campaign, "/petitions/")


def test_an_archived_draft_was_never_public_and_stays_hidden(app: Flask, office: Office) -> None:
    where = draft(app, office, closes_at="2090-06-01T09:00")
    office.saved(f"{where}/archive")
    assert app.test_client().get("/petitions/release-them").status_code == 404
    office.saved(f"{where}/unarchive")
    assert state(app) == "draft" and only(app).closes_at is None
    office.saved(f"{where}/publish")


def test_nothing_leads_from_what_has_ended_back_to_signing() -> None:
    ended = set(deadlines.ENDED) - {S.CLOSED}
    assert all(not {S.OPEN, S.PAUSED, S.SCHEDULED} & set(TRANSITIONS[one]) for one in ended)


def test_of_two_who_act_at_once_the_second_is_told(app: Flask, office: Office) -> None:
    campaign = make_campaign(app)
    with app.app_context():
        seen = db.session.get_one(Petition, campaign.id)
        assert seen.state == S.OPEN
        put_elsewhere = update(Petition).values(state=S.VICTORY, won_on=clock.now().date())
        with db.engine.begin() as other:
            other.execute(put_elsewhere)
        with pytest.raises(services.WrongState):
            services.move(seen, S.CLOSED)
        db.session.rollback()
        assert outcomes.told_by_facts(seen) == S.VICTORY
    assert state(app) == "victory"


def due(app: Flask) -> tuple[object, object]:
    petition = only(app)
    return deadlines.delivered_due(petition), deadlines.everybody_due(petition)


def told(app: Flask) -> list[str]:
    with app.app_context():
        return [one.kind.value for one in db.session.scalars(select(Update).order_by(Update.id))]


def letters(campaign: Campaign, words: str) -> list[str]:
    """To whom the updates that say this went, of those written so far."""
    folder = campaign.app.config["UNDERSIGNED"].mail_folder
    files = (path.read_bytes() for path in sorted(folder.glob("*.eml")))
    mails = [email.message_from_bytes(raw, policy=email.policy.default) for raw in files]
    return [mail["To"] for mail in mails if mail.is_multipart() and words in " ".join(part(mail, "plain").split())]
