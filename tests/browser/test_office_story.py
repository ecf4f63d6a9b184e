"""A day in the office in one go: invited, a passkey, a petition published, words judged by keys, an update sent, steps seen."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from core.db import db
from petitions import services as petition_services
from tests.browser.conftest import Site
from tests.browser.looks import faults, press
from tests.browser.test_accounts import WIDTHS, browse, button, enter, house, mailed_link
from tests.browser.test_numbers_pages import FIREFOX, numbers
from tests.cases.conftest import Wall
from tests.factories import make_case
from tests.petitions.conftest import Campaign

pytestmark = pytest.mark.browser
__all__ = ["browse", "house"]  # fixtures
RECIPIENT = {"name": "A. Recipient", "role": "Secretary", "organisation": "An Office", "country": "AT"}


def draft(app: Flask, where: str) -> tuple[Wall, Campaign]:
    """A public case that takes comments, and a petition that nobody has published."""
    case = make_case(slug=f"story-{where}", comments_open=True)
    texts = {"title": f"A story on a {where}", "ask": "We ask.", "letter": "Release them."}
    made = petition_services.create(case, slug=f"story-{where}", recipients=[RECIPIENT], **texts)
    db.session.commit()
    return Wall(app, case.slug, case.id), Campaign(app, made.id, made.slug)


def come_in(house: Site, browse: Callable[..., Page], where: str) -> Page:
    """Invited by an owner, and in with a passkey of one's own."""
    owner, email = browse(1280), f"story.{where}@example.org"
    enter(owner, house, f"story.owner.{where}@example.org")
    owner.goto("/office/colleagues/invite")
    owner.get_by_label("Email address").fill(email)
    owner.get_by_role("radio", name=re.compile("Owner")).check()
    button(owner, "Send the invitation")
    page = browse(WIDTHS[where], key=True)
    page.goto(mailed_link(house, email))
    button(page, "Enter the office")
    page.get_by_label("Name of the passkey").fill("my phone")
    button(page, "Add a passkey")
    press(page, page.get_by_role("link", name="I have written them down"))
    return page


@pytest.mark.parametrize("where", WIDTHS)
def test_from_the_invitation_to_the_funnel(house: Site, browse: Callable[..., Page], where: str) -> None:
    with house.app.app_context():
        wall, campaign = draft(house.app, where)
    page = come_in(house, browse, where)

    page.goto(f"/office/petitions/{campaign.id}")
    button(page, "Publish")
    expect(page.get_by_role("main")).to_contain_text("Open for signatures")
    reader = browse(WIDTHS[where], user_agent=FIREFOX)
    reader.goto(f"/petitions/{campaign.slug}")
    expect(reader.get_by_role("heading", level=1)).to_have_text(f"A story on a {where}")

    wall.write(name="Ben")
    page.goto(f"/office/moderation?case={wall.case_id}")
    page.keyboard.press("j")
    with page.expect_navigation():
        page.keyboard.press("a")
    assert [row.state.value for row in wall.rows() if row.case_id == wall.case_id] == ["approved"]

    campaign.signed(f"ada.{where}@example.org", name="Ada Example", updates="y")
    page.goto(f"/office/petitions/{campaign.id}/updates/new")
    page.get_by_label("Text", exact=True).fill("The appeal is heard on **Monday**.")
    button(page, "Save")
    button(page, "Send it")
    house.work()
    update = campaign.mails(f"ada.{where}@example.org")[-1]
    assert "The appeal is heard on" in update.text and where not in update.subject

    house.app.extensions["page_counter"].flush()
    page.goto(f"/office/petitions/{campaign.id}")
    steps = numbers(page)
    assert steps["Seen"] == "1" and steps["Signed"] == steps["Confirmed"] == "1"
    assert faults(page) == []
