"""The public pages in a real browser: wide and narrow, light and dark, with and without JavaScript."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urldefrag, urlsplit

import pytest
from playwright.sync_api import Page, Response, expect

from operations.demo import CASE, PETITION
from tests.browser.conftest import NewContext
from tests.browser.looks import faults, overflow, press, violations

pytestmark = pytest.mark.browser

PATHS = (
    "/", "/cases/", f"/cases/{CASE}", "/news/", "/news/2010/06/", "/privacy", "/petitions/", f"/petitions/{PETITION}",
    f"/petitions/{PETITION}/signatories", f"/petitions/{PETITION}/thanks", "/petitions/closed-petition", "/no-such-page",
    "/dev/mail",
    "/donate",
    f"/donate/{CASE}",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_a_page_fits_every_window_and_axe_finds_nothing(open_page: Callable[..., Page], path: str) -> None:
    assert faults(open_page(path)) == []


@pytest.mark.parametrize("width", [320, 390])
def test_the_menu_stays_in_one_row_on_a_phone(open_page: Callable[..., Page], width: int) -> None:
    page = open_page("/petitions/", width=width)
    tops = {round(link.bounding_box()["y"]) for link in page.locator(".site-head nav a").all()}  # type: ignore[index]
    assert len(tops) == 1
    assert page.locator(".site-head").bounding_box()["height"] < 70  # type: ignore[index]
    assert page.locator(".brand svg").is_visible()


def test_every_link_works_and_nothing_is_asked_of_others(new_context: NewContext, site: Any) -> None:
    context = new_context()
    asked, broken = [], []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    waiting, seen = ["/"], {"/"}
    while waiting:
        path = waiting.pop()
        if path.endswith(".pdf"):  # the browser would keep it as a file
            answered = context.request.get(site.url + path)
            broken += [] if answered.ok and answered.body().startswith(b"%PDF") else [(path, answered.status)]
            continue
        answer = page.goto(site.url + path)
        assert isinstance(answer, Response)
        if answer.status != 200:
            broken.append((path, answer.status))
        for address in page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)"):
            parts = urlsplit(urldefrag(address)[0])
            target = parts.path + (f"?{parts.query}" if parts.query else "")
            if f"{parts.scheme}://{parts.netloc}" == site.url and target not in seen:
                seen.add(target)
                waiting.append(target)
    assert broken == []
    assert {f"/cases/{CASE}", f"/petitions/{PETITION}/sheet.pdf", "/news/2010/05/", "/privacy", "/dev/mail"} <= seen
    assert [url for url in asked if not url.startswith(site.url + "/")] == []
    assert context.cookies() == []


def test_a_page_takes_one_stylesheet_and_one_icon(new_context: NewContext, site: Any) -> None:
    asked: list[str] = []
    page = new_context().new_page()
    page.on("request", lambda request: asked.append(urlsplit(request.url).path))
    page.goto(f"{site.url}/petitions/{PETITION}")
    assert set(asked) <= {f"/petitions/{PETITION}", "/static/css/site.css", "/static/img/mark.svg"}
    assert "/static/css/site.css" in asked


def test_the_stylesheet_is_named_by_its_content_and_applied(open_page: Callable[..., Page]) -> None:
    page = open_page("/privacy")
    assert "?v=" in str(page.locator("link[rel=stylesheet]").get_attribute("href"))
    assert page.locator("body").evaluate("body => getComputedStyle(body).backgroundColor") == "rgb(251, 248, 242)"


def test_a_wrong_form_says_so_at_the_top_and_at_each_field(open_page: Callable[..., Page]) -> None:
    page = open_page(f"/petitions/{PETITION}")
    page.get_by_label("Full name").fill("Grace Example")
    press(page, page.get_by_role("button", name="Sign the petition"))
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    for link in summary.get_by_role("link").all():
        assert page.locator(str(link.get_attribute("href"))).count() == 1
    expect(page.get_by_label("Email address")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Full name")).to_have_value("Grace Example")
    assert page.title().startswith("Error:")
    assert violations(page) == []
    assert overflow(page) == 0


def test_signing_and_confirming_work_without_javascript(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page(f"/petitions/{PETITION}", java_script_enabled=False)
    page.get_by_label("Full name").fill("Grace Example")
    page.get_by_label("Email address").fill("grace@example.org")
    page.get_by_label("Country", exact=True).select_option("IE")
    press(page, page.get_by_role("button", name="Sign the petition"))
    expect(page.get_by_role("heading", level=1)).to_have_text("One step left: open the mail")
    expect(page.get_by_text("grace@example.org")).to_be_visible()
    site.work()
    press(page, page.get_by_role("link", name="read it here"))
    press(page, page.get_by_role("listitem").filter(has_text="grace@example.org").first.get_by_role("link"))
    press(page, page.locator(".mail a[href$='/confirm']"))
    press(page, page.get_by_role("button", name="Confirm my signature"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Your signature counts")
    assert page.context.cookies() == []


@pytest.mark.parametrize("act", ["confirm", "withdraw", "disown"])
def test_the_pages_behind_a_mails_links_are_well_made(open_page: Callable[..., Page], site: Any, act: str) -> None:
    site.sign(PETITION, email=f"{act}@example.org", name="Linus Example")
    page = open_page("/dev/mail", width=320)
    press(page, page.get_by_role("listitem").filter(has_text=f"{act}@example.org").first.get_by_role("link"))
    assert (violations(page), overflow(page)) == ([], 0)
    press(page, page.locator(f".mail a[href$='/{act}']"))
    assert (violations(page), overflow(page)) == ([], 0)
    assert page.locator("meta[name=robots]").get_attribute("content") == "noindex"
    press(page, page.get_by_role("main").get_by_role("button"))
    expect(page.get_by_role("main").get_by_role("button")).to_have_count(0)
    assert (violations(page), overflow(page)) == ([], 0)


def test_the_thanks_page_takes_the_mails_code(open_page: Callable[..., Page], site: Any) -> None:
    page = open_page(f"/petitions/{PETITION}", width=320)
    page.get_by_label("Full name").fill("Katherine Example")
    page.get_by_label("Email address").fill("katherine@example.org")
    page.get_by_label("Country", exact=True).select_option("IE")
    press(page, page.get_by_role("button", name="Sign the petition"))
    assert (violations(page), overflow(page)) == ([], 0)
    page.get_by_label("Code from the mail", exact=True).fill("AAAA-AAAA")
    press(page, page.get_by_role("button", name="Confirm my signature"))
    expect(page.get_by_role("alert")).to_be_focused()
    assert (violations(page), overflow(page)) == ([], 0)
