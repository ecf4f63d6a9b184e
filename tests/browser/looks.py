"""What is asked of a page in the browser: how wide it is, what axe finds, which controls are too small for a finger."""

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Locator, Page, expect

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
WIDTHS = (320, 390, 1280)
FINGER = 44  # CSS pixels. Source: WCAG 2.2, 2.5.5
SMALL = """least => [...document.querySelectorAll('button, .button, select, textarea, summary, input:not([type=hidden])')]
  .filter(one => one.checkVisibility() && !one.closest('.sr, .check') && one.getBoundingClientRect().height < least - 0.5)
  .map(one => one.outerHTML.slice(0, 120))"""


def press(page: Page, button: Locator) -> None:
    """Presses what leads to another page and waits until that one is loaded."""
    with page.expect_navigation():
        button.click()


def overflow(page: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def violations(page: Page) -> list[str]:
    """What axe finds, as 'rule: element' lines."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found for node in rule["nodes"]]


def faults(page: Page) -> list[str]:
    """Everything that is wrong with the page as it stands, at every width, in both directions and both schemes."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for direction in ("rtl", "ltr"):
            page.evaluate(f"document.documentElement.dir = '{direction}'")
            if wider := overflow(page):
                found.append(f"{wider} pixels too wide at {width}, {direction}")
        found += [f"small at {width}: {one}" for one in page.evaluate(SMALL, FINGER)]
        scheme = "dark" if width == 390 else "light"
        page.emulate_media(color_scheme=scheme)
        if width != 320:
            found += [f"{width}, {scheme}: {one}" for one in violations(page)]
    return found


def check_refusal(page: Page, button: str) -> None:
    """Presses a button whose form is not taken: the summary of errors has the focus, leads to each field, and looks well."""
    press(page, page.get_by_role("button", name=button, exact=True))
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    for link in summary.get_by_role("link").all():
        assert page.locator(str(link.get_attribute("href"))).count() == 1
    assert page.title().startswith("Error:")
    assert faults(page) == []
