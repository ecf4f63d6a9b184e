"""What signatories and the invited meet after signing, in a real browser: each page, each form gone wrong, the way through."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page, expect

from core import switches
from core.db import db
from tests.browser.conftest import Stage
from tests.browser.looks import check_refusal, faults, press
from tests.petitions.guarded import limits_on

pytestmark = pytest.mark.browser

Visit = Callable[..., Page]
PATHS = (
    "/petitions/changed-petition", "/petitions/changed-petition/versions", "/ar/petitions/changed-petition",
    "/petitions/{wide}", "/petitions/{wide}/signatories", "/petitions/{wide}/thanks", "/petitions/{wide}/confirmed",
    "/petitions/{wide}/organisation", "/petitions/{wide}/organisation/sent", "/petitions/closed-letter",
    "{own}", "{counted}", "{left}", "{own}/own/name", "{own}/own/withdraw", "{own}/own/erase", "{own}/own/disown",
    "{own}/own/visibility", "{own}/own/updates", "/signatures/manage?petition={wide}", "/signatures/manage/sent",
    "/signatures/manage/renewed", "{stop}", "{stopped}", "{asked}", "{signed}", "{declined}", "{colleague}", "{notable}",
    "{union}", "{asks}",
)  # fmt: skip


@pytest.fixture
def turn(stage: Stage) -> Iterator[Callable[..., None]]:
    """Turns switches of the stage as the office does, with its limits on; puts them back at the end."""

    def turn(**values: object) -> None:
        with stage.site.app.app_context():
            switches.turn(actor="olga@example.org", **values)
            db.session.commit()
            switches.forget()

    with limits_on(stage.site.app):
        yield turn
        turn(signing=True, mailing=True, proof="auto", countries_off=())


@pytest.mark.parametrize("path", PATHS)
def test_a_page_fits_every_window_and_axe_finds_nothing(visit: Visit, path: str) -> None:
    assert faults(visit(path)) == []


def test_who_was_invited_is_told_which_link_is_theirs_and_promised_no_other(visit: Visit) -> None:
    page = visit("/petitions/closed-letter")
    expect(page.get_by_text("The link in the mail that invited you shows what you signed")).to_be_visible()
    expect(page.locator("a[href*='/signatures/manage']")).to_have_count(0)
    asked = visit("/signatures/manage?petition={wide}").get_by_label("Petition", exact=True).get_by_role("option")
    assert "A letter of the members" not in asked.all_inner_texts()


@pytest.mark.parametrize(
    ("path", "button"),
    [
        ("/petitions/{wide}/organisation", "Send"), ("{own}/own/name", "Correct it"), ("{own}", "Narrow it now"),
        ("/signatures/manage?petition={wide}", "Mail me my link"), ("{colleague}", "Send the proposal"),
    ],
)  # fmt: skip
def test_a_form_that_is_sent_empty_says_what_to_do_and_is_well_made(visit: Visit, path: str, button: str) -> None:
    page = visit(path)
    check_refusal(page, button)


def fill_in(page: Page, address: str) -> None:
    page.get_by_label("Full name").fill("Mary Example")
    page.get_by_label("Email address").fill(address)
    page.get_by_label("Country", exact=True).select_option("IE")
    press(page, page.get_by_role("button", name="Sign the petition"))


def test_a_mistyped_address_is_offered_right_and_changed_with_one_press(visit: Visit) -> None:
    page = visit("/petitions/{wide}")
    fill_in(page, "mary@gmial.com")
    expect(page.get_by_role("main")).to_contain_text("Did you mean mary@gmail.com?")
    assert faults(page) == []
    press(page, page.get_by_role("button", name="Yes, write to that address"))
    expect(page.get_by_role("status")).to_contain_text("We write to the new address instead.")
    assert faults(page) == []
    page.get_by_label("The right address").fill("nonsense")
    press(page, page.get_by_role("button", name="Write to this address instead"))
    expect(page.get_by_role("alert")).to_be_focused()
    assert faults(page) == []


@pytest.mark.parametrize("javascript", [True, False])
def test_a_proof_of_work_is_done_by_the_browser_and_never_needed(
    visit: Visit, turn: Callable[..., None], javascript: bool
) -> None:
    turn(proof="on")
    page = visit("/petitions/{wide}?fresh=" + str(javascript), java_script_enabled=javascript)
    expect(page.locator("noscript p")).to_be_visible(visible=not javascript)
    if javascript:
        assert faults(page) == []
        page.get_by_label("Full name").focus()
        expect(page.locator("#altcha")).not_to_have_value("", timeout=20_000)
    fill_in(page, "proof@example.org")
    expect(page.get_by_role("heading", level=1)).to_have_text("One step left: open the mail")
    expect(page.get_by_role("main")).to_contain_text("A great many signatures are coming in.")
    expect(page.get_by_role("heading", name="No mail by then?")).to_be_visible()


def test_while_signing_is_switched_off_the_page_says_so_and_shows_no_form(
    visit: Visit, turn: Callable[..., None]
) -> None:
    page = visit("/petitions/{wide}?open=1")
    page.get_by_label("Full name").fill("Mary Example")
    turn(signing=False)
    press(page, page.get_by_role("button", name="Sign the petition"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Signing is paused for the moment")
    assert faults(page) == []
    halted = visit("/petitions/{wide}?halted=1")
    expect(halted.get_by_role("heading", name="Signing is paused for the moment")).to_be_visible()
    expect(halted.get_by_label("Full name")).to_have_count(0)
    expect(halted.get_by_role("link", name="Support this petition as an organisation")).to_have_count(0)
    assert faults(halted) == []
    asked = visit("/petitions/{wide}/organisation?halted=1")
    expect(asked.get_by_role("heading", level=1)).to_have_text("Signing is paused for the moment")
