"""The office in a real browser, entered once: each page as it stands after a busy week, and paper typed by keyboard only."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import NewContext, Stage
from tests.browser.looks import check_refusal, faults, press
from tests.organisers.drafts.test_drafts import CASES, SPEAKOUT

pytestmark = pytest.mark.browser

Desk = Callable[[str], Page]
PETITION = "/office/petitions/{big}"
PATHS = (
    "/office/", "{samples}", "/office/switches", "/office/signals", "/office/audit", "/office/account", "/office/rates",
    "/office/cases/1", "/office/cases/1/safety", "/office/cases/new", PETITION, f"{PETITION}?chart=hour", f"{PETITION}/edit",
    f"{PETITION}/held", "/office/cases/1/protection", "/office/cases/1/people/1/initials", "/office/cases/1/images",
    f"{PETITION}/invalidations", f"{PETITION}/invalidations/new", "{preview}", "{done}", f"{PETITION}/counting",
    f"{PETITION}/retention", f"{PETITION}/erase", "/office/petitions/{closed}/retention",
    "/office/petitions/{gone}/retention", "/office/petitions/{gone}", f"{PETITION}/invitations",
    "/office/petitions/{letter}/invitations", f"{PETITION}/invitations/new", f"{PETITION}/invitations/many",
    f"{PETITION}/paper", f"{PETITION}/paper/new", "/office/site", f"{PETITION}/imports", f"{PETITION}/imports/new",
    "{import_came}", "{import_waits}", f"{PETITION}/paper/import", f"{PETITION}/paper/{{batch}}",
    f"{PETITION}/paper/{{batch}}/more", "/office/gifts", "/office/gifts?number=pi_nobody", "/office/gifts/{monthly}",
    "{refund}", "/office/disputes", "/office/stripe-events", "/office/books", "/office/offline-gifts",
    "/office/offline-gifts/new", "{offline}", "/office/moderation?kind=wall", "/office/patrons", "/office/patrons/new",
    "/office/general-fund", "/office/tax", "/office/tax/registrations/new", "{tax_receipt}", "/office/moderation",
    "/office/moderation?state=rejected", "/office/moderation?state=approved", "/office/moderation?case={quiet_case}",
    "/office/cases/{said}", "/office/cases/{said}/comments/{comment_approved}",
    "/office/cases/{said}/comments/{comment_rejected}", "/office/cases/{said}/comments/{comment_withdrawn}",
    "/office/petitions/{changed}", "/office/petitions/{changed}/edit", "/office/petitions/{changed}/answer",
    "/office/petitions/{changed}/victory", "/office/petitions/{changed}/translations",
    "/office/petitions/{changed}/translations/ar", f"{PETITION}/updates", f"{PETITION}/updates/new", "{draft_update}",
    "{draft_update}/edit", "{paused_update}", "/office/account/factors", "/office/account/address", "/office/colleagues",
    "/office/colleagues/invite", "/office/colleagues/1",
    "/office/cases/1/edit", "/office/cases/1/events/new", "/office/cases/1/events/1", "/office/cases/1/people/new",
    "/office/cases/1/people/1", "/office/cases/1/images/1", "/office/cases/1/petitions/new", f"{PETITION}/recipients/new",
    "/office/cases/1/translations", "/office/cases/1/translations/de", "/office/cases/1/translations/de/people/1",
    "/office/drafts", "/office/drafts/cases", "/office/drafts/petitions", "{draft_import}",
    "/office/petitions/{handed}/deliveries", "/office/petitions/{handed}/deliveries/new", "{delivery_waits}",
    "{delivery_moves}", "{delivery_ready}", "{delivery_failed}",
    f"{PETITION}/recipients/1", f"{PETITION}/search", "{draft_update}/texts/ar", "/office/patrons/1", "{record}",
)  # fmt: skip
FILES = {"image_file", "refused_lines", "solidarity_letter", "correction_note"}
DOORS = {  # tests/browser/test_accounts.py
    "login", "login_link", "invited", "new_address", "prove", "confirm_code_app", "kept_form",
}  # fmt: skip
ELSEWHERE = FILES | DOORS
FILE = """Name;Land;Ort;E-Mail
Ada Example;Germany;Cork;
Ben Example;IE;;
;DE;;
Kim Example;Atlantis;;nobody
Bartholomäus-Maximilian von Hohenzollern-Sigmaringen-Wolfenbüttel;DE;Bonn;bartholomaeus@a-domain-that-does-not-wrap.example
"""


@pytest.mark.parametrize("path", PATHS)
def test_a_page_fits_every_window_and_axe_finds_nothing(desk: Desk, path: str) -> None:
    assert faults(desk(path)) == []


def test_every_page_of_the_office_is_looked_at(stage: Stage) -> None:
    adapter = stage.site.app.url_map.bind("")
    visited = {adapter.match(stage.path(path).partition("?")[0])[0].removeprefix("office.") for path in PATHS}
    pages = {
        rule.endpoint.removeprefix("office.")
        for rule in stage.site.app.url_map.iter_rules()
        if rule.endpoint.startswith("office.") and "GET" in (rule.methods or ())
    }
    assert pages - visited == ELSEWHERE


@pytest.mark.parametrize(
    ("path", "button"),
    [
        (f"{PETITION}/held", "Let those ticked go"), (f"{PETITION}/invalidations/new", "Show what it finds"),
        ("{preview}", "Take them out of the count"), (f"{PETITION}/erase", "Erase for good"),
        (f"{PETITION}/retention", "Stop the clocks"), (f"{PETITION}/invitations/new", "Invite"),
        (f"{PETITION}/invitations/many", "Invite all"), (f"{PETITION}/paper/import", "Read the file"),
        (f"{PETITION}/paper/{{batch}}/more", "Save these lines and go on"), ("/office/switches", "Set the rule"),
        ("/office/rates", "Enter the rate"), (f"{PETITION}/imports/new", "Read the file"),
        ("{import_came}", "Take this line out"),
        ("/office/offline-gifts/new", "Enter the gift"), ("{refund}", "Go on"), ("{offline}", "Take it back"),
        (f"{PETITION}/victory", "Save"), ("/office/petitions/{closed}/answer", "Save"), (f"{PETITION}/translations/de", "Save"),
        (f"{PETITION}/updates/new", "Save"), ("{delivery_waits}", "Refuse it"),
        ("{record}", "Keep the paper"), ("{record}", "Send the link"),
        ("/office/patrons/new", "Save"), ("/office/tax/registrations/new", "Take it into use"),
    ],
)  # fmt: skip
def test_a_form_that_is_sent_empty_says_what_to_do_and_is_well_made(desk: Desk, path: str, button: str) -> None:
    page = desk(path)
    for cell in page.locator(".typing tbody input").all():
        cell.fill("")  # a screen remembers the country of the line before
    check_refusal(page, button)


def test_a_sheet_is_typed_by_keyboard_only(desk: Desk) -> None:
    page = desk(f"{PETITION}/paper/new")
    keys = page.keyboard
    expect(page.get_by_label("Name, line 1", exact=True)).to_be_focused()
    for text in ("Una Typist", "Germany", "Bonn", "nobody", "Ben Example", "ie"):  # the cells, in this order
        keys.press("ControlOrMeta+A")
        keys.type(text)
        keys.press("Tab")
    expect(page.get_by_label("Town, line 2", exact=True)).to_be_focused()
    with page.expect_navigation():
        keys.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    assert faults(page) == []
    keys.press("Tab")  # to the summary's only link
    keys.press("Enter")
    expect(page.get_by_label("Email address, line 1", exact=True)).to_be_focused()
    keys.press("ControlOrMeta+A")
    keys.press("Delete")
    with page.expect_navigation():
        keys.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()  # though the address still named the cell
    expect(page.get_by_role("alert")).to_contain_text("Line 2: This name from this country was typed from paper")
    assert faults(page) == []
    keys.press("Tab")
    keys.press("Enter")
    expect(page.get_by_label("It is another person: count line 2 too.")).to_be_focused()
    keys.press("Space")
    with page.expect_navigation():
        keys.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("2 lines were saved and count.")
    expect(page.get_by_label("Country, line 1", exact=True)).to_have_value("Ireland")


def test_after_the_last_cell_come_the_pile_and_then_the_button(desk: Desk) -> None:
    page = desk(f"{PETITION}/paper/new")
    page.get_by_label("Email address, line 20").focus()
    for one in (
        page.locator("summary"),
        page.get_by_label("Name of the pile"),
        page.get_by_label("Sheet", exact=True),
        page.get_by_role("button", name="Save these lines and go on"),
    ):
        page.keyboard.press("Tab")
        expect(one).to_be_focused()


def test_a_file_is_shown_as_it_would_be_imported(desk: Desk) -> None:
    page = desk(f"{PETITION}/paper/import")
    file = {"name": "typed.csv", "mimeType": "text/csv", "buffer": FILE.encode()}
    page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
    press(page, page.get_by_role("button", name="Read the file"))
    expect(page.get_by_role("heading", name="Lines with an error")).to_be_visible()
    expect(page.get_by_role("heading", name="Perhaps the same person", level=2)).to_be_visible()
    assert faults(page) == []


@pytest.mark.parametrize(("kind", "file"), [("cases", CASES), ("petitions", SPEAKOUT)])
def test_a_file_of_drafts_is_shown_as_it_would_come_in(desk: Desk, kind: str, file: str) -> None:
    page = desk(f"/office/drafts/{kind}")
    given = {"name": f"{kind}.csv", "mimeType": "text/csv", "buffer": file.encode()}
    page.locator("input[type=file]").set_input_files(given)  # type: ignore[arg-type]
    press(page, page.get_by_role("button", name="Read the file"))
    expect(page.locator("form select").first).to_be_visible()  # each column's meaning may be chosen
    assert faults(page) == []


def test_markdown_is_shown_while_it_is_typed(desk: Desk) -> None:
    page = desk(f"{PETITION}/victory")
    shown = page.get_by_role("region", name="How it will look: Closing lines")
    expect(shown).to_have_count(0)
    page.get_by_label("Closing lines", exact=True).fill("They are *free*. <b>Now</b>.")
    expect(shown.get_by_role("emphasis")).to_have_text("free")
    expect(shown).to_contain_text("<b>Now</b>")
    assert faults(page) == []
    page.get_by_label("Date of the victory").focus()
    page.keyboard.press("Enter")  # saves, or here says what is missing; it never only previews
    expect(page.get_by_role("alert")).to_contain_text("Write the date")


def test_without_a_script_a_button_shows_it(office: BrowserContext, new_context: NewContext, stage: Stage) -> None:
    context = new_context(base_url=stage.site.url, java_script_enabled=False)
    context.add_cookies(office.cookies())  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(stage.path(f"{PETITION}/victory"))
    page.get_by_label("Closing lines", exact=True).fill("They are *free*.")
    press(page, page.get_by_role("button", name="Show how it will look"))
    expect(page.get_by_label("Closing lines", exact=True)).to_have_value("They are *free*.")
    expect(page.get_by_role("region", name="How it will look: Closing lines").get_by_role("emphasis")).to_have_text(
        "free"
    )
