"""The clerk's page in a real browser: at every width, its refusals, and the whole way of a clerk with a phone and no script."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Stage
from tests.browser.looks import check_refusal, faults, press

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]


@pytest.mark.parametrize("path", ["{clerk}", "/petitions/{recorded}"])
def test_a_page_fits_every_window_and_axe_finds_nothing(visit: Visit, path: str) -> None:
    assert faults(visit(path)) == []


@pytest.mark.parametrize("button", ["Fetch the files", "Send the answer"])
def test_a_form_that_is_sent_empty_says_what_to_do_and_is_well_made(visit: Visit, button: str) -> None:
    check_refusal(visit("{clerk}"), button)


def test_a_clerk_fetches_confirms_and_answers_on_a_phone_without_javascript(
    visit: Visit, stage: Stage, tmp_path: Path
) -> None:
    page = visit("{clerk}", java_script_enabled=False, viewport={"width": 390, "height": 844}, accept_downloads=True)
    page.get_by_label("Code", exact=True).fill(stage.keys["clerk_code"].lower())
    with page.expect_download() as fetched:
        page.get_by_role("button", name="Fetch the files").click()
    fetched.value.save_as(tmp_path / "pack.zip")
    assert fetched.value.suggested_filename == "pack.zip" and (tmp_path / "pack.zip").read_bytes()[:2] == b"PK"
    page.get_by_label("Your file number").fill("III-9/2026")
    press(page, page.get_by_role("button", name="Received", exact=True))
    expect(page.get_by_role("status")).to_contain_text("the files have come")
    expect(page.get_by_label("Your file number")).to_have_value("III-9/2026")
    answer = {"name": "answer.txt", "mimeType": "text/plain", "buffer": b"We will look into it."}
    page.get_by_label("The answer").set_input_files(answer)
    press(page, page.get_by_role("button", name="Send the answer"))
    expect(page.get_by_role("status")).to_contain_text("with the organisers")
    expect(page.locator("main")).to_contain_text("1 paper has come from you.")
    assert page.context.cookies() == []
