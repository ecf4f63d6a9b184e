"""The page on which a sample is asked for and that of whoever is asked, in a real browser: every width, refusals, no script."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import check_refusal, faults, press

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("stage")]

Visit = Callable[..., Page]


@pytest.mark.parametrize("path", ["{sample}", "{sample_asked}", "/questions/nobody"])
def test_a_page_fits_every_window_and_axe_finds_nothing(visit: Visit, path: str) -> None:
    page = visit(path)
    for summary in page.locator("details > summary").all():
        summary.click()
    assert faults(page) == []


def test_a_share_is_shown_with_what_it_does_not_say(visit: Visit) -> None:
    page = visit("{sample}")
    expect(page.get_by_text("88 percent")).to_be_visible()
    expect(page.get_by_role("heading", name="What a share says, and what it does not")).to_be_visible()


def test_a_sample_that_cannot_be_drawn_says_what_to_do(visit: Visit) -> None:
    page = visit("{sample}")
    page.get_by_label("Your seed").fill("Saturday")
    check_refusal(page, "Draw the lines")
    expect(page.get_by_label("Your seed")).to_have_value("Saturday")


def test_an_answer_is_given_without_javascript(visit: Visit) -> None:
    page = visit("{sample_other}", java_script_enabled=False)
    press(page, page.get_by_role("button", name="No, I did not sign it"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Thank you")
    press(page, page.get_by_role("link", name="I never signed this"))
    expect(page.get_by_role("button", name="I never signed this")).to_be_visible()
