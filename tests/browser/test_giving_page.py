"""The giving page in a real browser: amounts of the chosen rhythm, the sum before the donor leaves, with and without script."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Page, expect

from core.currencies import CURRENCIES
from core.money import from_major, with_fee
from operations.demo import CASE
from tests.browser.looks import check_refusal, faults, press

pytestmark = pytest.mark.browser

BUTTON = "Continue to secure payment"
LOOK = "Show the sum"
TARGET = 48  # CSS pixels


def shown_amounts(page: Page) -> list[str]:
    return [label.inner_text() for label in page.locator(".amounts label").all() if label.is_visible()]


def choose(page: Page, label: str) -> None:
    page.get_by_label(label, exact=True).check(force=True)  # the button lies over its radio


def total(page: Page) -> Locator:
    return page.locator("#total")


def test_the_amounts_of_the_chosen_rhythm_are_shown_and_the_chosen_amount_always(
    open_page: Callable[..., Page],
) -> None:
    page = open_page(f"/donate/{CASE}", java_script_enabled=False)
    assert shown_amounts(page) == ["€10", "€25", "€50", "€100"]
    choose(page, "Monthly")
    assert shown_amounts(page) == ["€5", "€10", "€20", "€25", "€50"]
    choose(page, "€20")
    assert shown_amounts(page) == ["€5", "€10", "€20", "€50"]
    choose(page, "Yearly")
    assert shown_amounts(page) == ["€20", "€30", "€60", "€120", "€250"]
    choose(page, "Once")
    assert shown_amounts(page) == ["€10", "€20", "€25", "€50", "€100"]


@pytest.mark.parametrize("currency", ["EUR", "HUF", "JPY", "KWD"])
def test_the_sum_that_is_said_is_the_sum_that_is_taken(open_page: Callable[..., Page], currency: str) -> None:
    page = open_page(f"/donate?currency={currency}")
    for major in CURRENCIES[currency].offers["monthly"].presets:
        net = from_major(major, currency)
        choose(page, "Monthly")
        choose(page, net.text("en"))
        expect(total(page)).to_have_text(f"You pay {net.text('en')} now and every month, until you stop it.")
        page.get_by_label("Add the payment fee").check()
        gross = with_fee(net).text("en")
        expect(total(page)).to_have_text(f"You pay {gross} now and every month, until you stop it.")
        expect(page.locator("#covered")).to_have_text(f"If you add it, {net.text('en')} becomes {gross}.")
        page.get_by_label("Add the payment fee").uncheck()


def test_an_amount_of_ones_own_is_told_only_where_it_is_surely_read(open_page: Callable[..., Page]) -> None:
    page = open_page("/donate")
    expect(total(page)).to_have_text("You pay €25 once.")
    for typed, said in (
        ("33,5", "You pay €33.50 once."),
        ("1200.05", "You pay €1,200.05 once."),
        ("7", "You pay €7 once."),
    ):
        page.get_by_label("Other amount").fill(typed)
        expect(total(page)).to_have_text(said)
    for typed in ("1,234", "1 234,50", "x", "1.005", "0", "-5"):
        page.get_by_label("Other amount").fill(typed)
        expect(total(page)).to_contain_text("You pay in euros (EUR).")
        expect(page.locator("#covered")).to_have_text("")
    page.get_by_label("Other amount").fill("")
    expect(total(page)).to_have_text("You pay €25 once.")


@pytest.mark.parametrize(
    ("currency", "typed", "said"),
    [
        ("JPY", "1,500", "You pay ¥1,500 once."),
        ("KRW", "15.000", "You pay ₩15,000 once."),
        ("HUF", "4,000", "You pay HUF 4,000 once."),
        ("KWD", "5.120", "You pay KWD 5.120 once."),
        ("KWD", "5,120", "You pay in Kuwaiti dinars (KWD)."),
        ("JPY", "0,500", "You pay in Japanese yen (JPY)."),
    ],
)
def test_an_amount_as_the_page_itself_writes_it_is_read(
    open_page: Callable[..., Page], currency: str, typed: str, said: str
) -> None:
    page = open_page(f"/donate?currency={currency}")
    page.get_by_label("Other amount").fill(typed)
    expect(total(page)).to_contain_text(said)


def test_without_our_script_the_currency_and_each_sum_with_the_fee_are_said(open_page: Callable[..., Page]) -> None:
    page = open_page("/donate?currency=CHF", java_script_enabled=False)
    expect(total(page)).to_contain_text("You pay in Swiss francs (CHF).")
    expect(page.locator(".covered >> visible=true")).to_have_count(0)
    page.get_by_label("Add the payment fee").check()
    presets = CURRENCIES["CHF"].offers["once"].presets
    said = [f"{with_fee(from_major(major, 'CHF')).text('en')} in all" for major in presets]
    expect(page.locator(".covered >> visible=true")).to_have_text(said)


def test_another_currency_keeps_what_was_chosen_since_the_page_opened(open_page: Callable[..., Page]) -> None:
    page = open_page(f"/donate/{CASE}")
    choose(page, "Yearly")
    page.get_by_label("Add the payment fee").check()
    page.locator("summary", has_text="another currency").click()
    page.get_by_label("Currency").select_option("JPY")
    press(page, page.get_by_role("button", name="Show amounts"))
    expect(page.get_by_label("Yearly", exact=True)).to_be_checked()
    expect(page.get_by_label("Add the payment fee")).to_be_checked()


def test_without_our_script_the_sum_of_an_amount_of_ones_own_is_shown_on_request(
    open_page: Callable[..., Page],
) -> None:
    page = open_page(f"/donate/{CASE}", java_script_enabled=False)
    page.get_by_label("Other amount").fill("1 234,50")
    choose(page, "Monthly")
    page.get_by_label("Add the payment fee").check()
    press(page, page.get_by_role("button", name=LOOK))
    said = f"You pay {with_fee(from_major(Decimal('1234.50'), 'EUR')).text('en')} (EUR) now and every month"
    expect(page.locator("#sum")).to_contain_text(said)
    expect(page.locator("#sum")).to_be_in_viewport()
    expect(page.get_by_label("Other amount")).to_have_value("1 234,50")
    expect(page.get_by_label("Monthly", exact=True)).to_be_checked()


def test_with_our_script_the_sum_can_be_asked_for_where_only_the_server_reads_it(
    open_page: Callable[..., Page],
) -> None:
    page = open_page("/donate")
    look = page.get_by_role("button", name=LOOK)
    expect(total(page)).to_have_text("You pay €25 once.")
    expect(look).to_be_hidden()
    page.get_by_label("Other amount").fill("1 234,50")
    press(page, look)
    expect(page.locator("#sum")).to_contain_text("You pay €1,234.50 (EUR) once.")
    assert faults(page) == []
    page.get_by_label("Other amount").fill("20")
    expect(total(page)).to_have_text("You pay €20 once.")
    expect(page.locator("#sum")).to_have_count(0)


@pytest.mark.parametrize("path", [f"/donate/{CASE}", "/donate?currency=KRW&frequency=yearly", "/donate?currency=KZT"])
def test_everything_unfolded_fits_every_window_and_is_big_enough(open_page: Callable[..., Page], path: str) -> None:
    page = open_page(path)
    choose(page, "Monthly")
    page.get_by_label("Add the payment fee").check()
    for summary in page.locator("summary").all():
        summary.click()
    page.get_by_label("Other amount").fill("33")
    assert faults(page) == []
    page.set_viewport_size({"width": 320, "height": 900})
    for label in page.locator(":is(.seg, .amounts) label").all():
        if label.is_visible():
            assert label.bounding_box()["height"] >= TARGET  # type: ignore[index]


def test_a_refused_form_is_well_made(open_page: Callable[..., Page]) -> None:
    page = open_page(f"/donate/{CASE}")
    page.get_by_label("Other amount").fill("1,234")
    page.locator("summary", has_text="Add a message").click()
    choose(page, "In memory of somebody")
    check_refusal(page, BUTTON)
    expect(page.get_by_label("That person’s name")).to_be_visible()
    expect(page.get_by_label("Other amount")).to_have_value("1,234")
