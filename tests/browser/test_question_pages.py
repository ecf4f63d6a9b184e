"""The question to the donor of a gift whose case is over, in a real browser: every width, a refusal, no script."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import check_refusal, faults, press

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("stage")]

Visit = Callable[..., Page]


@pytest.mark.parametrize("path", ["{question}", "{answered}", "/donations/manage/nobody/fund/nothing"])
def test_a_page_fits_every_window_and_axe_finds_nothing(visit: Visit, path: str) -> None:
    assert faults(visit(path)) == []


def test_an_answer_without_a_choice_says_what_to_do(visit: Visit) -> None:
    page = visit("{question}")
    expect(page.get_by_role("radio", checked=True)).to_have_count(0)
    check_refusal(page, "Send my answer")


def test_an_answer_is_given_without_javascript_from_the_own_page(visit: Visit) -> None:
    page = visit("{own_gifts}", java_script_enabled=False)
    press(page, page.get_by_role("link", name="Say where it goes from now on"))
    page.get_by_label("Stop my gift. Nothing more is taken.").check()
    press(page, page.get_by_role("button", name="Send my answer"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Your gift is stopped")
