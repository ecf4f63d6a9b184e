"""The office's numbers in a real browser: somebody looks, signs, confirms and passes the link on; the office sees steps."""

import email
import email.policy
import re

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import NewContext, Stage
from tests.browser.looks import faults, press
from tests.browser.test_office_pages import Desk
from tests.organisers.conftest import link_path
from tests.petitions.conftest import LINK, Campaign, make_campaign

pytestmark = pytest.mark.browser

FIREFOX = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"  # the real one says that it is headless
)


def numbers(page: Page) -> dict[str, str]:
    """The funnel's steps as they are read."""
    rows = page.locator(".steps tbody tr").all()
    return {row.locator("th").inner_text().split("\n")[0].strip(): row.locator("td").inner_text() for row in rows}


def confirm_link(campaign: Campaign, address: str) -> str:
    """The path of the newest link to confirm that was mailed there."""
    for path in sorted(campaign.app.config["UNDERSIGNED"].mail_folder.glob("*.eml"), reverse=True):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        body = message.get_body(("plain",))
        links = {purpose: link for link, purpose in LINK.findall(body.get_content() if body else "")}
        if message["To"] == address and "confirm" in links:
            return links["confirm"]
    raise AssertionError(address)


def sign(page: Page, address: str) -> None:
    page.get_by_label("Full name").fill("Ada Example")
    page.get_by_label("Email address").fill(address)
    page.get_by_label("Country", exact=True).select_option("IE")
    press(page, page.get_by_role("button", name="Sign the petition"))


def test_a_visit_a_signature_and_a_link_passed_on_are_seen_as_steps(
    stage: Stage, new_context: NewContext, desk: Desk
) -> None:
    app = stage.site.app
    campaign = make_campaign(app, slug="seen-petition", title="A petition that is seen")
    page = new_context(base_url=stage.site.url, user_agent=FIREFOX, java_script_enabled=False).new_page()
    page.goto(f"/petitions/{campaign.slug}")
    sign(page, "ada@example.org")
    link = page.get_by_label("Link to copy").input_value()
    campaign.work()
    page.goto(confirm_link(campaign, "ada@example.org"))
    press(page, page.get_by_role("button", name="Confirm my signature"))
    assert page.context.cookies() == []
    friend = new_context(base_url=stage.site.url, user_agent=FIREFOX).new_page()
    friend.goto(link)
    sign(friend, "ben@example.org")
    campaign.work()
    assert campaign.press(confirm_link(campaign, "ben@example.org")).status_code == 303
    campaign.work()
    app.extensions["page_counter"].flush()
    office = desk(f"/office/petitions/{campaign.id}")
    assert numbers(office) == {"Seen": "2", "Signed": "2", "Confirmed": "2", "Shared": "under 20", "Gave": "0"}
    office.get_by_role("link", name="48 hours").click()
    expect(office).to_have_url(re.compile("chart=hour"))
    expect(office.get_by_role("heading", name="Signatures an hour")).to_be_visible()
    office.get_by_text("Show as a table").click()
    assert faults(office) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_numbers_stand_in_rows_on_a_phone_and_side_by_side_on_a_desk(desk: Desk, width: int) -> None:
    page = desk("/office/")
    page.set_viewport_size({"width": width, "height": 900})
    boxes = [box for one in page.locator(".kpis > li").all() if (box := one.bounding_box())]
    rows = {round(box["y"]) for box in boxes}
    assert len(rows) == (len(boxes) if width == 390 else 1)
    bar = page.locator(".site-head").bounding_box()
    assert bar and bar["height"] < 80  # one row
    before = page.locator(".note").first.bounding_box()
    assert before and before["y"] < min(rows)  # what needs a person comes first


def test_a_page_that_was_left_open_gives_back_what_was_typed(stage: Stage, browser: Browser, desk: Desk) -> None:
    page = desk("/office/cases/new")
    page.get_by_label("Title").fill("A case that took long to write")
    page.context.clear_cookies()  # the session has ended meanwhile
    try:
        press(page, page.get_by_role("main").get_by_role("button").last)
        expect(page.get_by_role("heading", level=1)).to_have_text("You have been logged out")
        assert page.locator("input[name=title]").input_value() == "A case that took long to write"
        assert faults(page) == []
    finally:
        page.goto(link_path(stage.site.app))
        press(page, page.get_by_role("main").get_by_role("button"))
