"""The main job, end to end, as a new user does it in a browser against the processes of `make run`."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Page, expect

from tests.processes.conftest import PETITION, RunningSite

SLOW = 20_000  # milliseconds: worker, webhook and page cache each take their moment


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSite]:
    site = RunningSite(tmp_path_factory.mktemp("main-job"))
    try:
        yield site.start().ready()
    finally:
        site.stop()


def reload_until(page: Page, where: str, text: str | re.Pattern[str]) -> None:
    """Looks again, as a person would, until that place of the page says it."""
    for _ in range(100):
        if page.locator(where, has_text=text).count():
            return
        page.wait_for_timeout(200)
        page.reload()
    expect(page.locator(where).first).to_have_text(text)


@pytest.mark.browser
@pytest.mark.processes
def test_sign_confirm_give_and_hand_over(running: RunningSite, page: Page, tmp_path: Path) -> None:
    page.set_default_timeout(SLOW)
    sign_and_confirm(running, page)
    give(running, page)
    hand_over(running, page, tmp_path)


def sign_and_confirm(running: RunningSite, page: Page) -> None:
    page.goto(running.told()["Site"])
    page.get_by_role("link", name="Free the Almaty activists").first.click()
    page.get_by_role("link", name="Demand the release of the Almaty activists").first.click()
    expect(page).to_have_url(re.compile(PETITION))
    before = counted(page)
    page.get_by_label("Full name").fill("Ada Example")
    page.get_by_label("Email address").fill("ada@example.org")
    page.get_by_label("Country", exact=True).select_option("IE")
    page.get_by_role("button", name="Sign the petition").click()
    expect(page.locator("main")).to_contain_text("ada@example.org")
    page.goto(running.told()["Mail"])
    reload_until(page, "main", "Please confirm your address")
    page.get_by_text("Please confirm your address").first.click()
    page.locator("a[href$='/confirm']").click()
    page.get_by_role("button", name="Confirm my signature").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Your signature counts")
    page.goto(f"{running.url}/petitions/{PETITION}")
    reload_until(page, ".count .big", re.compile(rf"^\s*{before + 1}\s*$"))
    assert counted(page) == before + 1


def counted(page: Page) -> int:
    return int(re.sub(r"\D", "", page.locator("#sign .big, .count .big").first.inner_text()) or 0)


def give(running: RunningSite, page: Page) -> None:
    page.goto(f"{running.url}/donate/almaty-activists")
    expect(page.locator(".count .big").first).to_have_text("€0")
    page.get_by_label("€25", exact=True).check(force=True)
    page.get_by_label("Full name").fill("Ada Example")
    page.get_by_label("Email address").fill("ada@example.org")
    page.get_by_role("button", name="Continue to secure payment").click()
    expect(page.locator("main")).to_contain_text("25")
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page).to_have_url(re.compile("/donations/thanks"))
    page.goto(f"{running.url}/donate/almaty-activists")
    reload_until(page, ".count .big", "€25")
    expect(page.locator(".count .big").first).to_have_text("€25")
    page.goto(running.told()["Mail"])
    reload_until(page, "main", re.compile("receipt", re.IGNORECASE))


def hand_over(running: RunningSite, page: Page, folder: Path) -> None:
    page.goto(running.told()["Login"])
    page.get_by_role("button").first.click()
    expect(page).to_have_url(re.compile("/office/$"))
    page.get_by_role("link", name="Demand the release of the Almaty activists").first.click()
    page.get_by_role("link", name="Deliveries", exact=True).click()
    page.get_by_role("link", name="New delivery").click()
    page.get_by_role("button", name="Ask for it").click()
    expect(page.locator("main")).to_contain_text("Ready to be fetched", timeout=60_000)  # the page looks by itself
    with page.expect_download() as download:
        page.get_by_role("button", name="Fetch the pack").click()
    download.value.save_as(folder / "pack.zip")
    with zipfile.ZipFile(folder / "pack.zip") as pack:
        rows = list(csv.reader(io.StringIO(pack.read("signatures.csv").decode("utf-8-sig"))))
        book = openpyxl.load_workbook(io.BytesIO(pack.read("signatures.xlsx")))
    assert [cell for cell in rows[1][1:5] if cell] == ["Ada Example", "Ireland"]
    cells = [[cell.value for cell in row] for row in book.active.iter_rows()]
    assert cells[1][1] == "Ada Example" and "ada@example.org" not in repr(cells) + repr(rows)
    page.goto(f"{running.url}/office/audit")
    expect(page.locator("main")).to_contain_text("delivery.fetched")
