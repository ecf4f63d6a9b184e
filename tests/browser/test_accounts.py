"""Into the office in a real browser: invited, a passkey, an app, a recovery code; on a phone and on a desk."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from passlib.totp import TOTP
from playwright.sync_api import Page, expect
from sqlalchemy import update

from core import clock
from core.db import db
from organisers.accounts.models import OfficeSession
from tests.browser.conftest import NewContext, Site, served
from tests.browser.looks import faults, press
from tests.organisers.conftest import link_path

pytestmark = pytest.mark.browser
WIDTHS = {"phone": 390, "desk": 1280}
KEY = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip
LINK = re.compile(r"(http://localhost:\d+/office/login/\S+)$", re.M)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """An empty site under a host name: browsers bind passkeys to one, never to a bare number."""
    with served(tmp_path_factory.mktemp("accounts"), "localhost") as site:
        yield site


@pytest.fixture
def browse(new_context: NewContext, house: Site, listen: Callable[[Page], Page]) -> Callable[..., Page]:
    """A browser of its own: no cookie, no passkey, unless `key` plugs one in."""

    def start(width: int, *, key: bool = False, **options: Any) -> Page:
        context = new_context(base_url=house.url, viewport={"width": width, "height": 900}, **options)
        page = listen(context.new_page())
        if key:
            devtools = context.new_cdp_session(page)
            devtools.send("WebAuthn.enable")
            devtools.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
        return page

    return start


def button(page: Page, name: str) -> None:
    press(page, page.get_by_role("main").get_by_role("button", name=name, exact=True))


def enter(page: Page, house: Site, email: str) -> None:
    page.goto(link_path(house.app, email))
    button(page, "Enter the office")


def mailed_link(house: Site, to: str) -> str:
    house.work()
    files = sorted(house.app.config["UNDERSIGNED"].mail_folder.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    mails = [message_from_bytes(path.read_bytes(), policy=policy.default) for path in files]
    found = LINK.search([mail.get_content() for mail in mails if mail["To"] == to][-1])
    assert found
    return found[1]


def add_app(page: Page) -> tuple[str, list[str]]:
    """Adds an app by what the page shows; its secret, and the recovery codes."""
    page.goto("/office/account/factors")
    page.get_by_role("textbox", name="Name", exact=True).fill("my phone")
    button(page, "Add an app")
    secret = page.locator(".secret").inner_text().replace("-", "")
    assert page.locator(".qr svg").is_visible() and faults(page) == []
    page.get_by_label("Code that the app shows").fill(code_of(secret))
    button(page, "Add the app")
    return secret, page.locator(".codes code").all_inner_texts()


def code_of(secret: str, steps: int = 0) -> str:
    return str(TOTP(secret).generate(time=int(clock.now().timestamp()) + 30 * steps).token)


def copy_of(page: Page, browse: Callable[..., Page], width: int) -> Page:
    """Another browser that somebody has given this one's cookie."""
    other = browse(width)
    other.context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    return other


@pytest.mark.parametrize("where", WIDTHS)
def test_invited_with_a_passkey_and_back_in_with_it(house: Site, browse: Callable[..., Page], where: str) -> None:
    width, email = WIDTHS[where], f"nina.{where}@example.org"
    owner = browse(1280)
    enter(owner, house, f"owner.{where}@example.org")
    owner.goto("/office/colleagues/invite")
    owner.get_by_label("Email address").fill(email)
    owner.get_by_role("radio", name=re.compile("Moderator")).check()
    button(owner, "Send the invitation")
    assert faults(owner) == []

    nina = browse(width, key=True)
    nina.goto(mailed_link(house, email))
    assert faults(nina) == []
    nina.set_viewport_size({"width": width, "height": 900})
    button(nina, "Enter the office")
    nina.get_by_label("Name of the passkey").fill("my phone")
    button(nina, "Add a passkey")
    expect(nina.get_by_role("heading", level=1)).to_have_text("Your recovery codes")
    assert nina.locator(".codes code").count() == 10 and faults(nina) == []
    button_link = nina.get_by_role("link", name="I have written them down")
    press(nina, button_link)
    assert "my phone" in nina.get_by_role("main").inner_text() and faults(nina) == []

    nina.set_viewport_size({"width": width, "height": 900})
    press(nina, nina.get_by_role("button", name="Log out everywhere"))
    enter(nina, house, email)
    expect(nina.get_by_role("heading", level=1)).to_have_text("Show that it is you")
    assert faults(nina) == []
    button(nina, "Use the passkey")
    expect(nina.get_by_role("heading", level=1)).to_have_text("Dashboard")


def test_what_was_typed_when_the_session_ran_out_is_there_again(house: Site, browse: Callable[..., Page]) -> None:
    """Without JavaScript, on a phone: written too long, logged in by a mailed link, sent with one press."""
    email, story = "writer@example.org", "A first paragraph.\n\nA second one, “with care”."
    page = browse(WIDTHS["phone"], java_script_enabled=False)
    enter(page, house, email)
    page.goto("/office/cases/new")
    page.get_by_role("textbox", name="The story").fill(story)
    page.get_by_label("Place").fill("Almaty")
    with house.app.app_context():
        long_ago = clock.now() - timedelta(minutes=31)
        db.session.execute(update(OfficeSession).values(last_seen_at=long_ago))
        db.session.commit()
    press(page, page.get_by_role("main").locator("form.card button").first)
    expect(page.get_by_role("status")).to_contain_text("nothing that you typed is lost")
    enter(page, house, email)
    expect(page.get_by_role("status")).to_contain_text("This is what you had typed")
    expect(page.get_by_role("textbox", name="The story")).to_have_value(story)
    expect(page.get_by_label("Place")).to_have_value("Almaty")


def test_a_browser_without_the_passkey_is_told_and_stays_out(house: Site, browse: Callable[..., Page]) -> None:
    email = "paul@example.org"
    paul = browse(390, key=True)
    enter(paul, house, email)
    paul.goto("/office/account/factors")
    paul.get_by_label("Name of the passkey").fill("my phone")
    button(paul, "Add a passkey")
    thief = browse(390, key=True)
    enter(thief, house, email)
    thief.get_by_role("button", name="Use the passkey").click()
    expect(thief.get_by_text("The browser gave no passkey")).to_be_visible()
    thief.goto("/office/")
    expect(thief.get_by_role("heading", level=1)).to_have_text("Show that it is you")


@pytest.mark.parametrize("where", WIDTHS)
def test_an_app_and_a_recovery_code_let_in_without_a_script(
    house: Site, browse: Callable[..., Page], where: str
) -> None:
    email = f"tom.{where}@example.org"
    tom = browse(WIDTHS[where], java_script_enabled=False)
    enter(tom, house, email)
    with_script = browse(WIDTHS[where])
    enter(with_script, house, email)
    secret, codes = add_app(with_script)
    assert len(codes) == 10
    for given in (code_of(secret, 1), codes[0]):
        tom.goto(link_path(house.app, email))
        button(tom, "Enter the office")
        expect(tom.get_by_role("heading", level=1)).to_have_text("Show that it is you")
        tom.get_by_label("Code", exact=True).fill(given)
        button(tom, "Go on")
        expect(tom.get_by_role("heading", level=1)).to_have_text("Dashboard")
        tom.context.clear_cookies()


def test_a_copied_cookie_is_worth_nothing_after_logging_out(house: Site, browse: Callable[..., Page]) -> None:
    ada = browse(1280)
    enter(ada, house, "ada@example.org")
    copy = copy_of(ada, browse, 1280)
    copy.goto("/office/account")
    expect(copy.get_by_role("heading", level=1)).to_have_text("My account")
    press(ada, ada.get_by_role("button", name="Log out everywhere"))
    copy.goto("/office/account")
    expect(copy.get_by_role("heading", level=1)).to_have_text("Log in to the office")
    assert faults(copy) == []
