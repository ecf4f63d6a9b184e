"""What still goes out about a case once it is frozen or blurred, and what the links in mails that went out before do then."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from cases.models import Case, Event
from core import clock
from core.db import db
from core.jobs import Job
from petitions import services as petitions
from petitions.invitations.models import Invitation
from petitions.models import Petition, Signature
from petitions.updates import sending, services
from petitions.updates.models import Update
from tests.factories import make_petition
from tests.organisers.conftest import Office
from tests.organisers.test_case_safety import NAME, NAMED, SURNAME, case_number, named_case
from tests.petitions.conftest import Campaign
from tests.petitions.crowd import crowd
from tests.petitions.own_pages import ask_for_link, letters, own_page, press
from tests.petitions.test_invitations import PEOPLE, Letter, S
from tests.updates.conftest import News, part
from tests.updates.test_sending import held, open_again

ADA = "ada@example.org"
SLUGS = re.compile(r"free-zarina|release-zarina|A\. Recipient", re.IGNORECASE)
LATER = timedelta(hours=2)  # by then what could not go is tried again


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    """Everything names somebody, the addresses too."""
    made = named_case(app)
    with app.app_context():
        db.session.scalars(select(Petition)).one().slug = "release-zarina-testova"
        db.session.commit()
    return Campaign(app, made.id, "release-zarina-testova")


@pytest.fixture
def news(campaign: Campaign) -> News:
    return News(campaign)


@pytest.fixture
def shield(app: Flask, campaign: Campaign, office: Office) -> Callable[[str], str]:
    """Presses one of the buttons; what the office says then."""

    def pressed(act: str) -> str:
        where = office.saved(f"/office/cases/{case_number(app)}/{act}")
        petitions.forget()
        return office.get(where)

    return pressed


def words(news: News, address: str) -> str:
    """All that was mailed to somebody of updates: both forms, and subjects."""
    return "\n".join(
        part(letter, kind) + letter["Subject"] for letter in news.letters(address) for kind in ("plain", "html")
    )


def written(news: News) -> int:
    return news.send(subject=f"News of {SURNAME}", body=f"{NAME} is *free*.")


@pytest.mark.parametrize("act", ["freeze", "blur"])
def test_updates_under_way_are_paused(news: News, office: Office, shield: Callable[[str], str], act: str) -> None:
    news.signed(ADA)
    held(news)
    sent = written(news)
    assert news.progress(sent).waiting == 1
    assert "1 update is paused" in shield(act)
    open_again(news)
    assert news.state(sent) == "paused" and news.letters() == []
    assert ("update.pause", news.campaign.slug) in office.acts()


def test_what_was_promised_before_a_blur_goes_with_initials(news: News, shield: Callable[[str], str]) -> None:
    news.signed(ADA)
    held(news)
    sent = written(news)
    shield("blur")
    news.act(sent, "resume")
    open_again(news)
    said = words(news, ADA)
    assert "Z. T. is free." in said and "News of T." in said and "Release Z. T." in said and not NAMED.search(said)
    assert news.state(sent) == "sent" and news.progress(sent).sent == 1
    with news.app.app_context():
        assert NAME in str(db.session.scalars(select(Update.texts)).one()), "nothing is written"


def test_nothing_of_a_frozen_case_is_sent_until_it_is_shown_again(
    news: News, office: Office, shield: Callable[[str], str]
) -> None:
    news.signed(ADA)
    held(news)
    sent = written(news)
    page = f"/office/petitions/{news.campaign.id}/updates/{sent}"
    shield("freeze")
    news.do(sent, lambda found: services.move(found, services.S.SENDING))  # as if the worker had been at it just then
    open_again(news)
    assert news.letters() == [] and news.state(sent) == "sending"
    office.saved(f"{page}/pause")
    office.saved(f"{page}/resume")
    assert news.state(sent) == "paused" and "frozen for safety, so nothing of it is sent" in office.get(page)
    office.saved(f"{page}/texts/en/test")
    assert "frozen for safety" in office.get(page)
    other = news.draft(headline="Free", body="Free.")
    news.do(other, services.approve, actor="nadia@example.org")
    office.saved(f"/office/petitions/{news.campaign.id}/updates/{other}/send")
    with time_machine.travel(clock.now() + LATER):
        news.campaign.work()
        assert news.letters() == [] and news.state(other) == "scheduled"
    with news.app.app_context():
        assert db.session.scalar(select(Event).where(Event.title == "Free")) is None
    shield("unfreeze")
    office.saved(f"{page}/resume")
    with time_machine.travel(clock.now() + 2 * LATER):
        news.campaign.work()
        assert len(news.letters(ADA)) == 2 and news.state(sent) == news.state(other) == "sent"


def test_an_update_that_is_being_promised_stops_where_the_case_is_frozen(
    news: News, shield: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two batches, when nobody has paused it."""
    monkeypatch.setattr(sending, "AT_ONCE", 1)
    news.signed(ADA, "bob@example.org")
    held(news)
    read = sending._choose

    def freezing(found: Update, addressees: object) -> object:
        chosen = read(found, addressees)  # type: ignore[arg-type]
        if found.cursor:
            db.session.scalars(select(Case)).one().frozen_at = clock.now()
            db.session.commit()
        return chosen

    monkeypatch.setattr(sending, "_choose", freezing)
    written(news)
    monkeypatch.undo()
    with news.app.app_context():
        assert db.session.scalars(select(Update.promised)).one() <= 2
        assert db.session.scalars(select(Case)).one().frozen_at is not None
    open_again(news)
    assert news.letters() == []


def test_what_the_site_announces_keeps_no_word_of_the_shield(news: News, shield: Callable[[str], str]) -> None:
    """Announced while blurred, it is sent whole once that has ended."""
    news.signed(ADA)
    shield("blur")
    held(news)
    news.announce("victory", words=f"{NAME} is home.")
    open_again(news)
    said = words(news, ADA)
    assert "Release Z. T." in said and "Z. T. is home" in said and not NAMED.search(re.sub(r"/petitions/\S+", "", said))
    with news.app.app_context():
        assert f"Release {NAME}" in str(db.session.scalars(select(Update.texts)).one())


def test_mails_that_ask_wait_while_the_case_is_frozen_and_say_what_is_so_when_they_go(
    campaign: Campaign, shield: Callable[[str], str]
) -> None:
    news = News(campaign)
    held(news)
    campaign.sign(ADA)
    campaign.work()
    shield("freeze")
    open_again(news)
    assert campaign.mails(ADA) == []
    with time_machine.travel(clock.now() + 100 * LATER):  # many tries are no failure
        for _hour in range(3):
            campaign.work()
        assert campaign.mails(ADA) == []
        with campaign.app.app_context():
            job = db.session.scalars(select(Job).where(Job.kind == "mail")).one()
            assert (job.state, job.last_error) == ("queued", None) and job.attempts == 0
    shield("blur")
    shield("unfreeze")
    with time_machine.travel(clock.now() + 103 * LATER):
        campaign.work()
    mail = campaign.mails(ADA)[-1]
    assert "Release Z. T." in mail.text and not NAMED.search(mail.text)
    assert campaign.press(mail.links["confirm"]).status_code == 303


def test_milestones_wait_as_well(campaign: Campaign, shield: Callable[[str], str]) -> None:
    shield("freeze")
    crowd(campaign, 100)
    campaign.work()
    assert campaign.mails() == []
    shield("unfreeze")
    shield("blur")
    with time_machine.travel(clock.now() + LATER):
        campaign.work()
    (mail,) = campaign.mails()
    assert "Release Z. T." in mail.text and not NAMED.search(mail.text.replace("release-zarina-testova", ""))


def test_a_signatorys_pages_work_while_frozen_and_say_no_word_of_the_case(
    campaign: Campaign, shield: Callable[[str], str]
) -> None:
    own = own_page(campaign, ADA, updates="y")
    other = campaign.signed("bob@example.org")
    shield("freeze")
    client = campaign.client
    acts = ("visibility", "name", "updates", "data", "links", "withdraw", "erase", "disown")
    pages = [own, *(f"{own}/own/{act}" for act in acts), *(other.links[act] for act in ("withdraw", "disown"))]
    pages += [f"{other.links['withdraw']}/done", letters(campaign, "bob@example.org")[-1].unsubscribe]
    for page in pages:
        answer = client.get(page)
        assert answer.status_code == 200, page
        said = unescape(answer.text)
        assert not NAMED.search(said) and not SLUGS.search(said), page
    assert press(campaign, own, "visibility", visibility="counted").status_code == 303
    assert press(campaign, own, "updates", updates="no").status_code == 303
    assert press(campaign, own, "data").status_code == 303
    campaign.work()
    letter = letters(campaign, ADA)[-1]
    assert letter.files and not NAMED.search(letter.text + str(letter.files))
    assert press(campaign, own, "erase").status_code == 303
    assert client.get(own).status_code == 200 and not SLUGS.search(client.get(own).text)
    assert campaign.press(other.links["disown"]).status_code == 303
    done = client.get(f"{other.links['disown']}/done").text
    assert not NAMED.search(done) and not SLUGS.search(done)
    with campaign.app.app_context():
        assert [one.value for one in db.session.scalars(select(Signature.state).order_by(Signature.id))] == [
            "erased", "withdrawn",
        ]  # fmt: skip


def test_a_link_can_be_asked_for_while_the_petition_is_frozen_and_not_named(
    campaign: Campaign, shield: Callable[[str], str]
) -> None:
    campaign.signed(ADA)
    campaign.sign("unconfirmed@example.org")
    campaign.work()
    with campaign.app.app_context():
        make_petition(title="Another")
    form = campaign.client.get("/signatures/manage").text
    assert "frozen for safety" not in form and NAMED.search(form)
    shield("freeze")
    form = campaign.client.get("/signatures/manage").text
    assert "One that is frozen for safety" in form and not NAMED.search(form) and not SLUGS.search(form)
    for address in (ADA, "unconfirmed@example.org", "stranger@example.org"):
        before = len(campaign.mails(address))
        assert ask_for_link(campaign, address, petition="*").status_code == 303
        campaign.work()
        assert len(campaign.mails(address)) == before + (address != "stranger@example.org")
    own = letters(campaign, "unconfirmed@example.org")[-1].own
    assert press(campaign, own, "erase").status_code == 303
    assert ask_for_link(campaign, ADA, petition=campaign.slug).status_code == 422, "its address is not told from none"


def test_the_invited_decline_and_withdraw_while_frozen_and_cannot_sign(
    campaign: Campaign, office: Office, shield: Callable[[str], str]
) -> None:
    letter = Letter(campaign.app, campaign, office)
    letter.invite(PEOPLE)
    zora, bert, aoife = (letter.link(mail.to) for mail in campaign.mails())
    letter.sign("zora@assembly.example")
    shield("freeze")
    for link in (zora, bert, aoife):
        answer = campaign.client.get(link)
        said = unescape(answer.text)
        assert answer.status_code == 200 and not NAMED.search(said) and not SLUGS.search(said)
        assert "We ask you to free" not in said
    assert "nobody can sign it" in campaign.client.get(bert).text
    refused = campaign.press(f"{bert}/sign")
    assert refused.status_code == 409 and not NAMED.search(refused.text) and not SLUGS.search(refused.text)
    assert campaign.client.get(f"{zora}/colleague").status_code == 302
    assert campaign.press(f"{bert}/decline").status_code == 303
    assert campaign.press(f"{zora}/withdraw").status_code == 303
    states = {row.position: row.state for row in letter.rows()}
    assert sorted(states.values()) == sorted([S.WITHDRAWN, S.DECLINED, S.INVITED])
    with campaign.app.app_context():
        assert db.session.scalars(select(Signature.state)).one().value == "withdrawn"
        assert len(db.session.scalars(select(Invitation.id).where(Invitation.blob.is_not(None))).all()) == 1
    shield("unfreeze")
    assert campaign.press(f"{aoife}/sign").status_code == 303
