"""Comments and the moderation room in a real browser: by keyboard, as cards on a phone, with the keys switched off."""

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from cases.comments.models import CommentState
from petitions.states import HeldReason
from tests.browser.conftest import Stage
from tests.browser.looks import check_refusal, faults, press
from tests.cases.conftest import Wall
from tests.factories import make_case
from tests.organisers.conftest import link_path
from tests.organisers.test_moderation import hold, states
from tests.petitions.conftest import make_campaign

pytestmark = pytest.mark.browser

Desk = Callable[[str], Page]
PUBLIC = (
    "/cases/said-case", "/cases/said-case/comments", "/cases/said-case/comments?before=1", "/cases/quiet-case/comments",
    "/cases/said-case/comments/thanks", "{said_own}", "{said_gone}", "/reports/comment/{comment_approved}", "/reports/sent",
)  # fmt: skip


class Room:
    """A case of its own in the moderation room, so that no other test meets what is judged here."""

    def __init__(self, stage: Stage, page: Page) -> None:
        with stage.site.app.app_context():
            case = make_case(comments_open=True)
            self.wall, self.page = Wall(stage.site.app, case.slug, case.id), page
        self.path = f"/office/moderation?case={self.wall.case_id}"
        for name in ("Ada", "Ben", "Cleo"):
            self.wall.write(name=name)

    def open(self) -> None:
        self.page.goto(self.path)

    def item(self, name: str) -> Locator:
        return self.page.get_by_role("article", name=name)

    def key(self, name: str, *, leads: bool = False) -> None:
        if leads:
            with self.page.expect_navigation():
                self.page.keyboard.press(name)
        else:
            self.page.keyboard.press(name)

    def states(self) -> list[str]:
        wanted = {row.id: row for row in self.wall.rows() if row.case_id == self.wall.case_id}
        return [str(row.state) for row in wanted.values()]


@pytest.fixture
def room(stage: Stage, desk: Desk) -> Room:
    return Room(stage, desk("/office/moderation"))


@pytest.fixture
def plain(browser: Browser, stage: Stage) -> Iterator[Room]:
    """The same in a browser without JavaScript, on a phone."""
    context = browser.new_context(
        base_url=stage.site.url, java_script_enabled=False, viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    page.goto(link_path(stage.site.app, "otto@example.org"))
    press(page, page.get_by_role("main").get_by_role("button"))
    yield Room(stage, page)
    context.close()


@pytest.mark.parametrize("path", PUBLIC)
def test_a_page_fits_every_window_and_axe_finds_nothing(visit: Callable[..., Page], path: str) -> None:
    assert faults(visit(path)) == []


@pytest.mark.parametrize("width", [390, 1280])
def test_comments_stand_below_what_has_happened(visit: Callable[..., Page], width: int) -> None:
    page = visit("/cases/said-case", viewport={"width": width, "height": 900})
    above, below = (
        page.locator(f"section[aria-labelledby={name}-title]").bounding_box() for name in ("events", "comments")
    )
    assert above and below and above["y"] + above["height"] <= below["y"]


def test_a_form_that_is_sent_empty_says_what_to_do(visit: Callable[..., Page]) -> None:
    check_refusal(visit("/cases/said-case/comments"), "Send to the organisers")
    check_refusal(visit("/reports/comment/{comment_approved}"), "Send the report")


def test_a_message_is_written_without_javascript_and_taken_back(visit: Callable[..., Page]) -> None:
    page = visit("/cases/said-case", java_script_enabled=False)
    press(page, page.get_by_role("link", name="Write something"))
    page.get_by_label("A message of solidarity").check()
    page.get_by_label("Your words").fill("Hold on.\nWe are many.")
    page.get_by_label("Name", exact=True).fill("Una Example")
    page.get_by_label("Email address").fill("una@example.org")
    press(page, page.get_by_role("button", name="Send to the organisers"))
    assert page.get_by_label("Link to copy").input_value().startswith("http://127.0.0.1:")
    press(page, page.get_by_role("link", name="Open it now"))
    press(page, page.get_by_role("button", name="Take it back"))
    expect(page.get_by_text("You took it back")).to_be_visible()


def test_the_queue_is_worked_by_keyboard_alone(room: Room) -> None:
    room.open()
    room.key("j")
    expect(room.item("Ada")).to_be_focused()
    room.key("j")
    room.key("j")
    room.key("j")
    expect(room.item("Cleo")).to_be_focused()
    room.key("k")
    expect(room.item("Ben")).to_be_focused()
    room.key("a", leads=True)
    expect(room.item("Cleo")).to_be_focused()  # it follows what was judged
    assert room.states() == [CommentState.HELD, CommentState.APPROVED, CommentState.HELD]
    room.key("u", leads=True)
    assert room.states() == [CommentState.HELD] * 3
    room.key("j")
    room.key("r")
    reason = room.item("Ada").get_by_label("Reason")
    expect(reason).to_be_focused()
    room.key("s")  # chooses in the list, and judges nothing
    expect(reason).to_have_value("spam")
    room.key("Tab")
    room.page.keyboard.type("a jar of u")
    expect(room.item("Ada").get_by_label("Note for the other organisers")).to_have_value("a jar of u")
    room.key("Escape")
    expect(room.item("Ada")).to_be_focused()
    assert room.states() == [CommentState.HELD] * 3
    room.key("r")
    room.key("Tab")
    room.key("Tab")
    room.key("Enter", leads=True)
    assert room.states() == [CommentState.REJECTED, CommentState.HELD, CommentState.HELD]
    expect(room.item("Ben")).to_be_focused()
    assert faults(room.page) == []


def test_a_rejection_without_a_reason_says_so_where_it_was_pressed(room: Room) -> None:
    room.open()
    room.key("j")
    room.key("r")
    room.key("Tab")
    room.key("Tab")
    room.key("Enter", leads=True)
    expect(room.page.get_by_role("alert")).to_be_focused()
    expect(room.item("Ada").get_by_label("Reason")).to_be_visible()
    assert faults(room.page) == []
    assert room.states() == [CommentState.HELD] * 3


def test_the_keys_can_be_switched_off_and_stay_off(room: Room) -> None:
    room.open()
    room.key("?")
    box = room.page.get_by_label("Use these keys on this page")
    expect(box).to_be_focused()
    room.key("Space")
    room.open()
    expect(box).not_to_be_checked()
    room.key("j")
    expect(room.item("Ada")).not_to_be_focused()
    box.check()
    room.open()
    room.key("j")
    expect(room.item("Ada")).to_be_focused()


def test_a_key_judges_nothing_that_is_not_in_focus(room: Room) -> None:
    room.open()
    room.key("a")
    expect(room.item("Ada")).to_be_focused()
    room.key("Control+a")
    assert room.states() == [CommentState.HELD] * 3


def test_held_signatures_are_judged_and_held_again_by_the_same_keys(stage: Stage, desk: Desk) -> None:
    campaign = make_campaign(stage.site.app)
    ids = [hold(campaign, f"{name}@example.org", HeldReason.DOMAIN) for name in ("one", "two")]
    page = desk(f"/office/petitions/{campaign.id}/held")
    page.keyboard.press("j")
    group = page.get_by_role("article")
    expect(group).to_be_focused()
    page.keyboard.press("r")
    expect(group.get_by_label("Reason")).to_be_focused()
    for key in ("m", "Tab", "Tab"):
        page.keyboard.press(key)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert states(stage.site.app, ids) == ["discarded"] * 2
    assert faults(page) == []
    with page.expect_navigation():
        page.keyboard.press("u")
    assert states(stage.site.app, ids) == ["held"] * 2
    page.keyboard.press("j")
    with page.expect_navigation():
        page.keyboard.press("a")
    assert "held" not in states(stage.site.app, ids)
    assert faults(page) == []


def test_on_a_phone_without_javascript_each_is_a_card_with_its_buttons(plain: Room) -> None:
    plain.open()
    expect(plain.page.get_by_text("Use these keys on this page")).to_be_hidden()
    boxes = [plain.item(name).bounding_box() for name in ("Ada", "Ben", "Cleo")]
    for above, below in pairwise(boxes):
        assert above and below and above["y"] + above["height"] < below["y"] and above["x"] == below["x"]
        assert above["width"] > 330
    ada, ben = plain.item("Ada"), plain.item("Ben")
    assert (ada.get_by_role("button", name="Approve").bounding_box() or {})["height"] >= 44
    press(plain.page, ada.get_by_role("button", name="Approve"))
    ben.get_by_text("Reject …").click()
    ben.get_by_label("Reason").select_option("abuse")
    press(plain.page, ben.get_by_role("button", name="Reject it"))
    plain.item("Cleo").get_by_label("Tick, to approve several at once").check()
    press(plain.page, plain.page.get_by_role("button", name="Approve those ticked"))
    assert plain.states() == [CommentState.APPROVED, CommentState.REJECTED, CommentState.APPROVED]
    press(plain.page, plain.page.get_by_role("button", name="Undo it"))
    assert plain.states() == [CommentState.APPROVED, CommentState.REJECTED, CommentState.HELD]
