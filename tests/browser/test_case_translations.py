"""A case is written in a language that runs from right to left, and read so, on a phone and on a desk."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.looks import check_refusal, faults, press

pytestmark = pytest.mark.browser

TITLE, STORY = "معلمو المدرسة المسائية", "أغلقت المدرسة في *الربيع*.\n\n> قال الطلاب إنهم ينتظرون معلميهم."
SAID = {
    "Title": TITLE, "In two sentences": "معلمون محتجزون. طلابهم يطالبون بالإفراج عنهم.", "The story": STORY,
    "Name of the fund": "صندوق المدرسة", "What the fund pays for": "كتب ومحام.",
}  # fmt: skip


def test_a_case_is_translated_into_arabic_and_read_from_right_to_left(
    desk: Callable[[str], Page], visit: Callable[..., Page]
) -> None:
    page = desk("/office/cases/1")
    press(page, page.get_by_role("link", name="Translations"))
    press(page, page.get_by_role("link", name="العربية"))
    for label, words in SAID.items():
        field = page.get_by_label(label, exact=True)
        field.fill(words)
        assert field.evaluate("field => getComputedStyle(field).direction") == "rtl"
    shown = page.get_by_role("region", name="How it will look: The story")
    expect(shown.get_by_role("emphasis")).to_have_text("الربيع")
    assert faults(page) == []
    press(page, page.get_by_role("button", name="Save", exact=True))
    expect(page.get_by_role("status")).to_contain_text("The translation is saved.")
    press(page, page.get_by_role("link", name="Appeal rejected"))
    page.get_by_label("Headline").fill("رفض الاستئناف")
    assert faults(page) == []
    press(page, page.get_by_role("button", name="Save", exact=True))
    assert faults(page) == []
    press(page, page.get_by_role("link", name="Translations"))
    expect(page.get_by_role("row", name="العربية")).to_contain_text("Up to date")
    assert faults(page) == []
    for width in (390, 1280):
        public = visit("/cases/wide-case", viewport={"width": width, "height": 900})
        press(public, public.get_by_role("link", name="العربية"))
        for words in (TITLE, "رفض الاستئناف"):
            heading = public.get_by_role("heading", name=words)
            assert heading.evaluate("one => getComputedStyle(one).direction") == "rtl"
            expect(heading).to_have_attribute("lang", "ar")
        day = public.locator(".timeline time")
        assert day.evaluate("one => getComputedStyle(one).direction") == "ltr", "6 May 2010, and not May 2010 6"
        untranslated = public.get_by_text("15 days", exact=True)
        assert untranslated.evaluate("one => getComputedStyle(one).direction") == "ltr"
        assert faults(public) == []
        press(public, public.get_by_role("link", name="English"))
        expect(public.get_by_role("heading", level=1)).to_have_text("The teachers of the evening school")


def test_a_translation_without_a_title_says_what_to_do(desk: Callable[[str], Page]) -> None:
    check_refusal(desk("/office/cases/1/translations/fr"), "Save")
