"""A monthly gift, end to end, against the processes of `make run`: given, renewed, half refunded; every paper agrees."""

import csv
import io
import re
from pathlib import Path

import pypdf
import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_main_job import SLOW, reload_until
from tests.browser.test_main_job import running as running
from tests.processes.conftest import RunningSite

CASE = "almaty-activists"


@pytest.mark.browser
@pytest.mark.processes
def test_a_monthly_gift_its_renewal_and_half_of_it_back_agree_everywhere(
    running: RunningSite, page: Page, tmp_path: Path
) -> None:
    page.set_default_timeout(SLOW)
    give_monthly(running, page)
    renew(running, page)
    refund_half(running, page)
    read_own_page(running, page, tmp_path)
    read_books(running, page, tmp_path)
    page.goto(f"{running.url}/donate/{CASE}")
    reload_until(page, ".count .big", "€15")


def give_monthly(running: RunningSite, page: Page) -> None:
    page.goto(f"{running.url}/donate/{CASE}")
    page.get_by_label("Monthly", exact=True).check(force=True)
    page.get_by_label("€10", exact=True).check(force=True)
    page.get_by_label("Full name").fill("Dana Example")
    page.get_by_label("Email address").fill("dana@example.org")
    page.get_by_role("button", name="Continue to secure payment").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page).to_have_url(re.compile("/donations/thanks"))
    reload_until(page, "h1", "Thank you: your gift has arrived")


def renew(running: RunningSite, page: Page) -> None:
    page.goto(running.told()["Stripe sandbox"])
    page.get_by_role("button", name="Renew").first.click()
    page.goto(f"{running.url}/donate/{CASE}")
    reload_until(page, ".count .big", "€20")


def refund_half(running: RunningSite, page: Page) -> None:
    page.goto(running.told()["Login"])
    page.get_by_role("button").first.click()
    page.goto(f"{running.url}/office/gifts")
    page.locator("main table").get_by_role("link").first.click()
    reload_until(page, "main", "Left to refund: €10")
    page.get_by_role("link", name="Refund", exact=True).first.click()
    page.get_by_label("Amount").fill("5")
    page.get_by_label("Reason").fill("She asked for half of it back")
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Refund €5").click()
    reload_until(page, "main", "Left to refund: €5")


def read_own_page(running: RunningSite, page: Page, folder: Path) -> None:
    page.goto(running.told()["Mail"])
    reload_until(page, "main", "Receipt for your gift")
    page.get_by_text("Receipt for your gift").first.click()
    page.locator("a[href*='/donations/manage/']").first.click()
    main = page.locator("main")
    expect(main).to_contain_text("€10 a month")
    expect(main).to_contain_text("€5 went back to you")
    expect(page.locator("details summary").first).to_contain_text("€15")
    page.get_by_role("button", name=re.compile("as a PDF")).first.click()
    expect(page.get_by_role("status")).to_contain_text("A mail is on its way")
    page.goto(running.told()["Mail"])
    reload_until(page, "main", re.compile("Your gifts in"))
    page.get_by_text(re.compile("Your gifts in")).first.click()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile(r"gifts-\d{4}\.pdf")).click()
    download.value.save_as(folder / "year.pdf")
    text = " ".join(sheet.extract_text() for sheet in pypdf.PdfReader(folder / "year.pdf").pages)
    assert "€15.00" in text and "€5.00" in text and "€20.00" in text and "Dana Example" in text


def read_books(running: RunningSite, page: Page, folder: Path) -> None:
    page.goto(running.told()["Stripe sandbox"])
    page.get_by_role("button", name="Pay out now").click()
    page.goto(f"{running.url}/office/books")
    page.get_by_role("button", name="Compare now").click()
    reload_until(page, "main", "Nothing differs")
    expect(page.locator("main")).to_contain_text("Adds up")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").first.click()
    download.value.save_as(folder / "payout.csv")
    rows = list(csv.DictReader(io.StringIO((folder / "payout.csv").read_text("utf-8-sig"))))
    moved = sorted(row["gross"] for row in rows if row["kind"] in ("charge", "payment", "refund"))
    assert moved == ["-5.00", "10.00", "10.00"]
    assert {row["designation"] for row in rows if row["gift"]} == {"Free the Almaty activists"}
    assert {row["donor"] for row in rows if row["gift"]} == {"anonymous"}
