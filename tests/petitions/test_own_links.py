"""A link by mail on request: the same answer for all, a mail only to who has signed, five a week at most."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from core.db import db
from core.jobs import Job
from core.tokens import form_token
from core.vault import SITE, ensure_scope
from petitions.models import Signature, Submission
from tests.conftest import BASE, app_for_this_test
from tests.factories import make_petition
from tests.petitions.conftest import Campaign
from tests.petitions.own_pages import ask_for_link, jobs_left, letters, own_page, rows

MONDAY = datetime(2031, 3, 3, 9, tzinfo=UTC)


def test_the_answer_tells_nothing_about_the_address(campaign: Campaign) -> None:
    own_page(campaign, "ada@example.org")
    known, unknown = (ask_for_link(campaign, address) for address in ("ada@example.org", "eve@example.org"))
    assert known.status_code == unknown.status_code == 303
    assert known.data == unknown.data and list(known.headers) == list(unknown.headers)
    pages = [campaign.client.get(answer.location) for answer in (known, unknown)]
    assert pages[0].data == pages[1].data and "example.org" not in pages[0].text
    with campaign.app.app_context():
        jobs = db.session.scalars(select(Job).where(Job.kind == "petitions.own_link")).all()
        assert [(job.args, job.key, len(job.blob or b"")) for job in jobs] == [({}, None, len(jobs[0].blob or b""))] * 2


def test_the_link_goes_to_who_has_signed_and_nothing_to_anybody_else(campaign: Campaign) -> None:
    own_page(campaign, "ada@example.org")
    before = len(letters(campaign))
    ask_for_link(campaign, "eve@example.org")
    campaign.work()
    assert len(letters(campaign)) == before
    ask_for_link(campaign, "Ada+other@example.org")  # the same mailbox
    campaign.work()
    assert [letter.to for letter in letters(campaign)[before:]] == ["ada@example.org"]
    letter = letters(campaign)[-1]
    assert campaign.client.get(letter.own).status_code == 200
    assert campaign.client.get(letter.unsubscribe).status_code == 200
    assert "Ada Example" not in letter.text


def test_who_has_not_confirmed_yet_gets_a_link_too(campaign: Campaign) -> None:
    campaign.sign()
    campaign.work()
    ask_for_link(campaign)
    campaign.work()
    assert len(letters(campaign)) == 2
    assert "Nothing is counted yet" in campaign.client.get(letters(campaign)[-1].own).text


def test_who_left_gets_no_link(campaign: Campaign) -> None:
    own_page(campaign)
    campaign.press(campaign.mails()[-1].links["withdraw"])
    before = len(letters(campaign))
    ask_for_link(campaign)
    campaign.work()
    assert len(letters(campaign)) == before


def test_an_address_gets_five_links_a_week_whoever_asks(campaign: Campaign) -> None:
    promised = (Job.kind == "mail", Job.key.startswith("mail:own_link:"))
    with time_machine.travel(MONDAY):
        own_page(campaign)
        for _ in range(7):
            ask_for_link(campaign)
            campaign.work()
        assert rows(campaign, Job, *promised) == 5
    with time_machine.travel(MONDAY + timedelta(days=7)):
        ask_for_link(campaign)
        campaign.work()
        assert rows(campaign, Job, *promised) == 6 and campaign.client.get(letters(campaign)[-1].own).status_code == 200
    submission = campaign.submissions()[0]
    assert submission.mails == 2  # what the address is allowed for signing is untouched


def test_submissions_of_one_mailbox_share_its_five_links(campaign: Campaign) -> None:
    with time_machine.travel(MONDAY):
        for _ in range(2):
            campaign.sign()
            campaign.work()
            for _ in range(4):
                ask_for_link(campaign)
                campaign.work()
        assert len(letters(campaign)) == 2 + 5


def test_one_petition_tells_nothing_of_another(campaign: Campaign) -> None:
    own_page(campaign)
    with campaign.app.app_context():
        other = make_petition().slug
    before = len(letters(campaign))
    assert ask_for_link(campaign, petition=other).status_code == 303
    campaign.work()
    assert len(letters(campaign)) == before


@pytest.mark.parametrize(
    "fields", [{"email": "ada"}, {"email": ""}, {"petition": "no-such"}, {"petition": ""}, {"token": "1.x"}]
)
def test_what_cannot_be_understood_is_asked_again_with_everything_kept(
    campaign: Campaign, fields: dict[str, str]
) -> None:
    given = {"address": fields.get("email", "typed@example.org")}
    answer = ask_for_link(campaign, **given, **{key: value for key, value in fields.items() if key != "email"})
    assert answer.status_code == 422 and "There is a problem" in answer.text
    assert f'value="{given["address"]}"' in answer.text
    assert rows(campaign, Job) == 0


def test_the_form_knows_the_petition_that_one_comes_from(campaign: Campaign) -> None:
    with campaign.app.app_context():
        make_petition()
    page = campaign.client.get(f"/signatures/manage?petition={campaign.slug}").text
    assert f'<option selected value="{campaign.slug}"' in page
    assert "selected" not in campaign.client.get("/signatures/manage?petition=nothing").text


def test_a_signature_without_a_submission_gets_no_link_and_harms_nobody(campaign: Campaign) -> None:
    own_page(campaign)
    with campaign.app.app_context():  # as those on paper and by invitation are
        db.session.execute(Submission.__table__.delete())  # type: ignore[attr-defined]
        db.session.commit()
    before = len(letters(campaign))
    ask_for_link(campaign)
    campaign.work()
    assert len(letters(campaign)) == before and rows(campaign, Signature) == 1
    assert jobs_left(campaign) == 0


def test_too_many_requests_of_one_network_are_told_so(app: Flask, tmp_path) -> None:  # type: ignore[no-untyped-def]
    given = {**BASE, "LIMITS": "on", "UNDERSIGNED_DATA": str(app.config["UNDERSIGNED"].data)}
    limited = app_for_this_test({**given, "DATABASE_URL": app.config["UNDERSIGNED"].database_url})
    with app.app_context():
        slug = make_petition().slug
        ensure_scope(SITE)
    with limited.test_request_context():
        token = form_token()
    form = {"email": "ada@example.org", "petition": slug, "token": token}
    codes = [limited.test_client().post("/signatures/manage", data=form).status_code for _ in range(12)]
    assert codes == [303] * 10 + [429] * 2
