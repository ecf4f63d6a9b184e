"""The wall and the giving page with patrons, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import faults, press

pytestmark = pytest.mark.browser

APART = 24  # CSS pixels


@pytest.mark.parametrize("path", ["/donate/{fund}", "/donate/{fund}/wall", "/donate", "/donate/wall"])
def test_a_page_fits_every_window_and_axe_finds_nothing(visit: Callable[..., Page], path: str) -> None:
    assert faults(visit(path)) == []


def test_a_level_is_chosen_without_javascript(visit: Callable[..., Page]) -> None:
    page = visit("/donate/{fund}", java_script_enabled=False)
    press(page, page.get_by_role("link", name="Candle"))
    expect(page.get_by_label("Monthly", exact=True)).to_be_checked()
    expect(page.get_by_label("€10", exact=True)).to_be_checked()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_patrons_stand_apart_from_what_is_above_them(visit: Callable[..., Page], width: int) -> None:
    page = visit("/donate/{fund}", viewport={"width": width, "height": 900})
    above = page.locator(".give > .card" if width < 1280 else ".give > .head").bounding_box()
    below = page.locator(".give > .more > section").first.bounding_box()
    assert above and below
    assert below["y"] - above["y"] - above["height"] >= APART
