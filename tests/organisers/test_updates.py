"""Updates through the office's door: written, seen, tried, approved, sent, watched."""

from datetime import timedelta

from flask import Flask

from core import clock
from tests.organisers.conftest import EMAIL, Office, enter
from tests.updates.conftest import BODY, SUBJECT, News, part
from tests.updates.conftest import news as news
from tests.updates.test_sending import held, open_again

FIELDS = {"subject": SUBJECT, "body": BODY, "audience": "signatories", "country": "", "headline": ""}


def written(office: Office, news: News, **fields: str) -> str:
    """The path of a draft's page."""
    return office.saved(f"/office/petitions/{news.campaign.id}/updates/new", **{**FIELDS, **fields})


def test_an_update_is_written_seen_and_sent(office: Office, news: News) -> None:
    news.signed("ada@example.org", "bob@example.org")
    news.campaign.signed("carl@example.org")
    assert "There is none yet" in office.get(f"/office/petitions/{news.campaign.id}/updates")
    new = office.get(f"/office/petitions/{news.campaign.id}/updates/new")
    assert SUBJECT in new, "a neutral subject is there from the start"
    path = written(office, news)
    page = office.get(path)
    assert (
        "About 2 people." in page
        and "<em>free</em>" in page
        and "They are free. Read more <https://example.org/more>" in page
    )
    assert office.saved(f"{path}/send", starts_at="") == path
    news.campaign.work()
    assert news.reached() == ["ada@example.org", "bob@example.org"]
    assert "2 mails were sent." in office.get(path)
    acts = [act for act, _subject in office.acts() if act.startswith("update.")]
    assert acts == ["update.written", "update.scheduled"]


def test_a_test_goes_to_the_organiser_alone(office: Office, news: News) -> None:
    news.signed("ada@example.org")
    path = written(office, news)
    assert office.saved(f"{path}/texts/en/test") == path
    news.campaign.work()
    letter = news.letters()[0]
    assert news.reached() == [EMAIL] and letter["Subject"] == f"Test: {SUBJECT}"
    assert "<em>free</em>" in part(letter, "html") and "/unsubscribe/updates/" in part(letter, "plain")
    assert office.post(f"{path}/texts/de/test").status_code == 404
    to_donors = written(office, news, audience="donors")
    office.saved(f"{to_donors}/texts/en/test")
    news.campaign.work()
    assert "because you asked for news when you gave" in part(news.letters()[-1], "plain")
    assert news.reached() == [EMAIL, EMAIL]


def test_a_subject_that_tells_too_much_is_pointed_out(office: Office, news: News) -> None:
    path = written(office, news, subject="A person was freed")
    assert "says what it is about: person." in office.get(path)
    path = written(office, news)
    assert "says what it is about" not in office.get(path)


def test_what_is_missing_is_said(office: Office, news: News) -> None:
    new = f"/office/petitions/{news.campaign.id}/updates/new"
    answer = office.post(new, **{**FIELDS, "subject": "", "body": ""})
    assert answer.status_code == 422 and "Write a subject." in answer.text and "Write the text." in answer.text
    answer = office.post(new, **{**FIELDS, "audience": "donors", "country": "IE"})
    assert answer.status_code == 422 and "choose a country for signatories only" in answer.text
    path = written(office, news)
    answer = office.post(f"{path}/send", starts_at="2010-05-06T12:00")
    assert answer.status_code == 422 and "This moment has passed" in answer.text and news.state(1) == "draft"


def test_a_second_one_within_a_week_waits_for_a_colleague(office: Office, news: News, app: Flask) -> None:
    news.signed("ada@example.org")
    office.saved(f"{written(office, news)}/send", starts_at="")
    news.campaign.work()
    path = written(office, news)
    answer = office.post(f"{path}/send", starts_at="")
    assert answer.status_code == 422 and "Ask a second organiser" in answer.text
    answer = office.post(f"{path}/approve")
    assert answer.status_code == 422 and "written this update yourself" in answer.text
    colleague = enter(app, "nadia@example.org")
    assert "Approve this second update" in colleague.get(path)
    assert colleague.saved(f"{path}/approve") == path
    assert "Approved by nadia@example.org." in office.get(path)
    office.saved(f"{path}/send", starts_at="")
    news.campaign.work()
    assert news.reached() == ["ada@example.org", "ada@example.org"]
    assert ("update.approved", news.campaign.slug) in office.acts()


def test_it_is_paused_resumed_and_cancelled_and_says_how_far_it_is(office: Office, news: News) -> None:
    news.signed("ada@example.org", "bob@example.org")
    held(news)
    path = written(office, news)
    office.saved(f"{path}/send", starts_at="")
    news.campaign.work()
    assert "2 wait in the outbox" in office.get(path) and "0 mails were sent." in office.get(path)
    office.saved(f"{path}/pause")
    assert "A mail that a worker had in hand this moment may still go" in office.get(path)
    open_again(news)
    assert news.reached() == []
    office.saved(f"{path}/resume")
    held(news)
    office.saved(f"{path}/cancel")
    open_again(news)
    page = office.get(path)
    assert "A mail that a worker had in hand this moment may still go" in page
    assert news.reached() == [] and "were about to be written to when it was cancelled" in page
    answer = office.client.get(office.post(f"{path}/resume").headers["Location"])
    assert "It has gone on meanwhile" in answer.text and news.state(1) == "cancelled"


def test_another_petitions_update_is_not_found(office: Office, news: News, app: Flask) -> None:
    path = written(office, news)
    other = path.replace(f"/petitions/{news.campaign.id}/", f"/petitions/{news.campaign.id + 1}/")
    assert office.client.get(other).status_code == 404
    assert office.client.get(path.replace("/updates/1", "/updates/99")).status_code == 404


def test_a_scheduled_one_says_when_in_the_petitions_own_zone(office: Office, news: News) -> None:
    path = written(office, news)
    later = (clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT09:30")
    office.saved(f"{path}/send", starts_at=later)
    assert "09:30" in office.get(path) and "Waits for its time" in office.get(path)
    office.saved(f"{path}/unschedule")
    assert news.state(1) == "draft"


def test_what_is_being_sent_is_not_edited(office: Office, news: News) -> None:
    path = written(office, news)
    office.saved(f"{path}/send", starts_at=(clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT09:30"))
    office.saved(f"{path}/edit", **{**FIELDS, "subject": "Changed behind its back"})
    assert "Changed behind its back" not in office.get(path)
