"""A donor's own page in a real browser: every page of it at every width, its refusals, and a gift paused without script."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import check_refusal, faults, press

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
GIFT = "{own_gifts}/gift/{monthly}"


@pytest.mark.parametrize(
    "path",
    [
        "{own_gifts}", "{own_gifts}/own/postal", "{own_gifts}/own/email", "{own_gifts}/own/erase", f"{GIFT}/pause",
        f"{GIFT}/amount", f"{GIFT}/stop", "/donations/manage", "/donations/manage/mail/sent",
    ],
)  # fmt: skip
def test_a_page_fits_every_window_and_axe_finds_nothing(visit: Visit, path: str) -> None:
    assert faults(visit(path)) == []


@pytest.mark.parametrize(
    ("path", "button"),
    [
        ("/donations/manage", "Mail me my link"), ("{own_gifts}/own/postal", "Save the address"),
        ("{own_gifts}/own/email", "Mail the link to my new address"), (f"{GIFT}/pause", "Pause it"),
        (f"{GIFT}/amount", "Change the amount"),
    ],
)  # fmt: skip
def test_a_form_that_is_sent_empty_says_what_to_do_and_is_well_made(visit: Visit, path: str, button: str) -> None:
    check_refusal(visit(path), button)


def test_a_receipt_is_asked_for_and_a_pause_begun_without_javascript(visit: Visit) -> None:
    page = visit("{own_gifts}", java_script_enabled=False)
    press(page, page.get_by_role("button", name="Mail me the receipt of").first)
    expect(page.get_by_role("status")).to_contain_text("A mail is on its way")
    press(page, page.get_by_role("link", name="Pause this gift").first)
    page.get_by_label("For how long").select_option("3")
    press(page, page.get_by_role("button", name="Pause it"))
    expect(page.get_by_role("status")).to_contain_text("on its way to Stripe")
    expect(page.locator("main")).to_contain_text("What you asked for is on its way to Stripe")
