"""A list handed over, in real browsers: previewed, asked for, approved by a second organiser, made, fetched, opened, and
checked by the official."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Site
from tests.browser.looks import check_refusal, faults, overflow, press
from tests.browser.test_accounts import WIDTHS, add_app, browse, button, enter, house
from tests.petitions.conftest import Campaign, make_campaign

pytestmark = pytest.mark.browser
__all__ = ["browse", "house"]  # fixtures
SECONDS = 1000  # milliseconds


def signed(house: Site, where: str) -> Campaign:
    campaign = make_campaign(house.app, slug=f"handed-{where}", title=f"A list for a {where}")
    campaign.signed(f"ada.{where}@example.org", name="Ada Example", country="IE", role="Teacher")
    campaign.signed(f"ben.{where}@example.org", name="Ben Example", country="KZ")
    campaign.signed(f"cy.{where}@example.org", name="Cy Counted", visibility="counted")
    return campaign


def ask(page: Page, campaign: Campaign, *, script: bool) -> None:
    """From the petition to a delivery that waits, over an error and a look at what it will be."""
    page.goto(f"/office/petitions/{campaign.id}")
    press(page, page.get_by_role("link", name="Deliveries", exact=True))
    press(page, page.get_by_role("link", name="New delivery"))
    page.get_by_label("ODS").check()
    if script:
        purpose = page.get_by_label("What the recipient is given it for")
        purpose.fill("")
        check_refusal(page, "Ask for it")
        purpose.fill("For the file of the ministry.")
    button(page, "Preview")
    expect(page.get_by_role("main")).to_contain_text("2 lines with a name")
    shown = page.get_by_role("region", name="First lines")
    expect(shown).to_contain_text("A… E…")
    button(page, "Preview with names")
    expect(shown).to_contain_text("Ada Example")
    expect(page.get_by_label("ODS")).to_be_checked()
    button(page, "Ask for it")


def approve(page: Page, width: int) -> None:
    """By a second person, on the way in from the first page of the office."""
    page.goto("/office/")
    waiting = page.get_by_role("region", name="Deliveries that wait for your yes")
    press(page, waiting.get_by_role("link").last)
    expect(page.get_by_role("main")).to_contain_text("Waits for a second person’s yes")
    assert overflow(page) == 0 and faults(page) == []
    page.set_viewport_size({"width": width, "height": 900})
    button(page, "Approve")


@pytest.mark.parametrize("where", WIDTHS)
@pytest.mark.parametrize("script", [True, False], ids=["script", "plain"])
def test_a_list_from_asking_to_the_opened_pack(
    house: Site, browse: Callable[..., Page], where: str, script: bool, tmp_path: Path
) -> None:
    told = f"{where}-{'script' if script else 'plain'}"
    campaign = signed(house, told)
    nora = browse(WIDTHS[where])
    enter(nora, house, f"nora.{told}@example.org")
    add_app(nora)
    olga = browse(WIDTHS[where], java_script_enabled=script)
    enter(olga, house, f"olga.{told}@example.org")
    ask(olga, campaign, script=script)
    main = olga.get_by_role("main")
    expect(main).to_contain_text("Another organiser must say yes")
    expect(main).to_contain_text(f"nora.{told}@example.org")
    expect(main.get_by_role("button", name="Approve")).to_have_count(0)

    approve(nora, WIDTHS[where])
    olga.reload()
    expect(main).to_contain_text("Will be made in a moment")
    house.work()
    if not script:
        press(olga, main.get_by_role("link", name="Look again"))
    expect(main).to_contain_text("Ready to be fetched", timeout=20 * SECONDS)

    with olga.expect_download() as download:
        main.get_by_role("button", name="Fetch the pack").click()
    assert re.fullmatch(r"delivery-[\w-]+\.zip", download.value.suggested_filename)
    download.value.save_as(tmp_path / "pack.zip")
    manifest = look_into(tmp_path / "pack.zip")
    official = browse(WIDTHS[where], java_script_enabled=script)
    check(official, manifest["delivery"], tmp_path / "pack.zip")
    olga.reload()
    expect(olga.get_by_role("region", name="Fetched")).to_contain_text(f"olga.{told}@example.org")
    if script:
        assert faults(olga) == []


def check(page: Page, delivery: str, pack: Path) -> None:
    """What an official does with the pack, a list out of it, and the list with one byte more."""
    with zipfile.ZipFile(pack) as whole:
        table = whole.read("signatures.csv")
    page.goto(f"/deliveries/{delivery}")
    for content, told in ((pack.read_bytes(), True), (table, True), (table + b" ", False)):
        chosen = {"name": "list", "mimeType": "application/octet-stream", "buffer": content}
        page.get_by_label("File of the pack").set_input_files(chosen)
        press(page, page.get_by_role("button", name="Check it"))
        expect(page.get_by_role("heading", name="The file is genuine")).to_have_count(1 if told else 0)
        expect(page.get_by_role("heading", name="We know of no such file")).to_have_count(0 if told else 1)
        expect(page.get_by_role("main")).to_contain_text(delivery)


def look_into(path: Path) -> dict[str, Any]:
    """Its manifest, once its files are seen to tell the same."""
    with zipfile.ZipFile(path) as pack:
        assert pack.testzip() is None
        assert {"letter.pdf", "manifest.json", "signatures.csv", "signatures.ods", "method.pdf"} <= set(pack.namelist())
        rows = list(csv.reader(io.StringIO(pack.read("signatures.csv").decode("utf-8-sig"))))
        manifest = json.loads(pack.read("manifest.json"))
    assert [row[1] for row in rows[1:3]] == ["Ada Example", "Ben Example"]
    assert (manifest["lines"], manifest["counted"]) == (2, 1)
    return dict(manifest)
