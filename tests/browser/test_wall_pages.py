"""The wall and the giving page with patrons, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import faults, press

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["/donate/{fund}", "/donate/{fund}/wall", "/donate", "/donate/wall"])
def test_a_page_fits_every_window_and_axe_finds_nothing(visit: Callable[..., Page], path: str) -> None:
    assert faults(visit(path)) == []


def test_a_level_is_chosen_without_javascript(visit: Callable[..., Page]) -> None:
    page = visit("/donate/{fund}", java_script_enabled=False)
    press(page, page.get_by_role("link", name="Candle"))
    expect(page.get_by_label("Monthly", exact=True)).to_be_checked()
    expect(page.get_by_label("€10", exact=True)).to_be_checked()
