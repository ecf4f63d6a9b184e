"""The check page in a real browser: the file stays on its machine; without JavaScript it is sent, and kept nowhere."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from core.db import db
from deliveries.models import Delivery
from petitions.models import Petition
from tests.browser.conftest import Site
from tests.browser.looks import check_refusal, faults, press
from tests.deliveries.factory import CSV, make_delivery
from tests.deliveries.test_checking import CODE, digest_of_code
from tests.factories import make_case, make_petition

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
ANNEX = b"%PDF" + b"Ada Example" * 1000
DROP = """(form, content) => {
  const carried = new DataTransfer();
  for (const [name, text] of content) carried.items.add(new File([text], name));
  for (const kind of ['dragover', 'drop']) {
    form.dispatchEvent(new DragEvent(kind, {dataTransfer: carried, bubbles: true, cancelable: true}));
  }
}"""


def petition_of(app: Flask, slug: str, **case: bool) -> int:
    with app.app_context():
        found = db.session.query(Petition).filter_by(slug=slug).one_or_none()
        return (found or make_petition(make_case(**case), slug=slug, title="Release the teachers")).id


@pytest.fixture
def delivery(site: Site) -> str:
    files = {"signatures.csv": CSV, "annex.pdf": ANNEX}
    return make_delivery(site.app, petition_of(site.app, "checked"), files, lines=1234)


@pytest.fixture
def guarded(site: Site) -> str:
    """A delivery of a dangerous case."""
    petition_id = petition_of(site.app, "guarded", dangerous=True)
    return make_delivery(site.app, petition_id, {"list.csv": CSV + b"2"}, cover_code_digest=digest_of_code())


def choose(page: Page, content: bytes, name: str = "signatures.csv") -> None:
    page.get_by_label("File of the pack").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})


@pytest.fixture
def arrived(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes each POST has brought to the server: the browser's own log shows no body that holds a file."""
    sizes: list[int] = []
    served = site.app.wsgi_app

    def counting(environ: dict[str, Any], start_response: Any) -> Any:
        if environ["REQUEST_METHOD"] == "POST":
            sizes.append(int(environ["CONTENT_LENGTH"]))
        return served(environ, start_response)

    monkeypatch.setattr(site.app, "wsgi_app", counting)
    return sizes


def bodies(page: Page) -> list[bytes]:
    """What the browser sends from now on."""
    sent: list[bytes] = []
    page.on(
        "request", lambda request: sent.append(request.post_data_buffer or b"") if request.method == "POST" else None
    )
    return sent


def check(page: Page) -> None:
    press(page, page.get_by_role("button", name="Check it"))


def test_a_file_is_hashed_in_the_browser_and_never_sent(open_page: OpenPage, delivery: str, arrived: list[int]) -> None:
    page = open_page(f"/deliveries/{delivery}")
    sent = bodies(page)
    expect(page.get_by_text("the file does not leave your machine")).to_be_visible()
    choose(page, ANNEX, "annex.pdf")
    check(page)
    expect(page.get_by_role("status").first).to_contain_text("The file is genuine")
    expect(page.get_by_text("The file did not leave your machine")).to_be_visible()
    expect(page.get_by_text("1,234")).to_be_visible()
    choose(page, b"%pdf" + ANNEX[4:], "annex.pdf")
    check(page)
    expect(page.get_by_role("status").first).to_contain_text("We know of no such file")
    assert len(arrived) == 2 and max(arrived) < 1000
    assert all(re.search(rb'name="sha256"\r\n\r\n[0-9a-f]{64}\r\n', body) for body in sent)
    assert page.context.cookies() == []


def test_a_file_is_dragged_onto_the_form(open_page: OpenPage, delivery: str) -> None:
    page = open_page("/deliveries/check")
    sent, form = bodies(page), page.locator("#check")
    form.evaluate(DROP, [["a.csv", "1"], ["b.csv", "2"]])
    expect(page.locator("#progress")).to_have_text("Check one file at a time.")
    form.evaluate(DROP, [["signatures.csv", CSV.decode()]])
    expect(page.locator("#progress")).to_have_text("Chosen: signatures.csv")
    check(page)
    expect(page.get_by_role("status").first).to_contain_text("The file is genuine")
    expect(page.locator(".facts")).to_contain_text(delivery)
    assert len(sent) == 1 and b"sha256" in sent[0] and b"Example" not in sent[0]


def test_after_going_back_another_file_can_be_checked(open_page: OpenPage, delivery: str) -> None:
    page = open_page(f"/deliveries/{delivery}")
    choose(page, b"another")
    check(page)
    page.go_back()
    choose(page, CSV)
    check(page)
    expect(page.get_by_role("status").first).to_contain_text("The file is genuine")


def test_without_javascript_the_file_is_sent_and_checked(
    open_page: OpenPage, delivery: str, arrived: list[int]
) -> None:
    page = open_page(f"/deliveries/{delivery}", java_script_enabled=False)
    expect(page.get_by_text("It is sent here, hashed as it arrives and not kept.")).to_be_visible()
    choose(page, ANNEX, "annex.pdf")
    check(page)
    expect(page.get_by_role("status").first).to_contain_text("The file is genuine")
    expect(page.get_by_text("not kept.", exact=False).first).to_be_visible()
    assert arrived[0] > len(ANNEX)
    choose(page, ANNEX[:-1], "annex.pdf")
    check(page)
    expect(page.get_by_role("status").first).to_contain_text("We know of no such file")


def test_where_the_browser_has_no_hash_the_file_is_sent(open_page: OpenPage, site: Site, delivery: str) -> None:
    page = open_page("/deliveries/check")
    page.add_init_script("Object.defineProperty(crypto, 'subtle', {value: undefined})")  # as on plain http
    page.goto(f"{site.url}/deliveries/{delivery}")
    expect(page.get_by_text("It is sent here, hashed as it arrives and not kept.")).to_be_visible()
    choose(page, CSV)
    check(page)
    expect(page.get_by_role("status").first).to_contain_text("The file is genuine")


def test_a_file_that_cannot_be_hashed_is_sent_if_it_is_small_and_else_says_so(
    open_page: OpenPage, site: Site, delivery: str
) -> None:
    page = open_page("/deliveries/check")
    page.add_init_script("File.prototype.arrayBuffer = () => Promise.reject(new Error('no memory'))")
    page.goto(f"{site.url}/deliveries/{delivery}")
    choose(page, bytes(17 * 1024 * 1024))
    page.get_by_role("button", name="Check it").click()
    expect(page.locator("#progress")).to_contain_text("too large to be sent")
    choose(page, CSV)
    check(page)
    expect(page.get_by_role("status").first).to_contain_text("The file is genuine")
    expect(page.get_by_text("The file was sent here")).to_be_visible()


def test_a_large_file_is_told_what_to_do_without_javascript(open_page: OpenPage, delivery: str) -> None:
    page = open_page(f"/deliveries/{delivery}", java_script_enabled=False)
    choose(page, bytes(17 * 1024 * 1024))
    check(page)
    expect(page.get_by_role("alert")).to_contain_text("one file of at most 16 MB")


def test_a_dangerous_list_is_opened_by_its_code_only(open_page: OpenPage, guarded: str) -> None:
    page = open_page(f"/deliveries/{guarded}")
    expect(page.get_by_role("heading", name="The code on the cover sheet")).to_be_visible()
    assert "A. Recipient" not in page.content() and faults(page) == []
    choose(page, CSV + b"2")
    page.get_by_role("textbox", name="Code on the cover sheet").fill("WRONG")
    check(page)
    expect(page.get_by_role("status").first).to_contain_text("We know of no such file")
    assert "A. Recipient" not in page.content()
    page.get_by_role("textbox", name="Code on the cover sheet").fill(CODE.lower())
    choose(page, CSV + b"2")
    check(page)
    expect(page.get_by_role("status").first).to_contain_text("The file is genuine")
    assert faults(page) == []
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the manifest").click()
    with Path(download.value.path()).open() as saved:
        assert guarded in saved.read()


@pytest.mark.parametrize("content", [None, CSV, b"another"])
def test_the_page_fits_every_window_and_axe_finds_nothing(
    open_page: OpenPage, site: Site, delivery: str, content: bytes | None
) -> None:
    with site.app.app_context():
        found = db.session.query(Delivery).filter_by(public_id=delivery).one()
        found.reply, found.replied_on, found.state = "We have *noted* it.", found.made_at.date(), "expired"  # type: ignore[union-attr,assignment]
        db.session.commit()
    page = open_page(f"/deliveries/{delivery}")
    if content is not None:
        choose(page, content)
        check(page)
    assert faults(page) == []


def test_nothing_chosen_is_said_with_the_focus_on_it(open_page: OpenPage, delivery: str) -> None:
    page = open_page(f"/deliveries/{delivery}")
    check_refusal(page, "Check it")


def test_the_petitions_page_leads_to_its_lists(open_page: OpenPage, delivery: str) -> None:
    page = open_page("/petitions/checked")
    press(page, page.locator(f"a[href$='{delivery}']"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Check a list of signatures")
