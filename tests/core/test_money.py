"""Money: what a donor may type, what Stripe is told, and what covers the fee."""

import re
from decimal import ROUND_HALF_UP, Decimal

import pytest
from babel.numbers import format_decimal
from flask import Flask
from flask_babel import force_locale
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.currencies import CURRENCIES, LARGEST_MAJOR
from core.money import AmountError, Money, UnknownCurrency, from_major, from_stripe, parse_amount, with_fee
from donations.models import Frequency
from sandbox import money as stripe

TAKEN = [
    ("25", "EUR", 2500), ("25.5", "EUR", 2550), ("25,50", "EUR", 2550), ("10,50", "EUR", 1050), (" 25 ", "EUR", 2500),
    ("0025", "EUR", 2500), ("2", "EUR", 200), ("2.01", "EUR", 201), ("100000", "EUR", 10_000_000), ("16.40", "USD", 1640),
    ("1.234,50", "EUR", 123_450), ("1,234.50", "EUR", 123_450), ("1 234,50", "EUR", 123_450), ("1 000", "EUR", 100_000),
    ("1\xa0234,5", "EUR", 123_450), ("1\u202f234,50", "EUR", 123_450), ("1'234.50", "CHF", 123_450),
    ("1’234.50", "CHF", 123_450), ("1,234,567.50", "KZT", 123_456_750), ("12,34,567.5", "INR", 123_456_750),
    ("1.234.567", "KZT", 123_456_700), ("500", "JPY", 500), ("500.0", "JPY", 500), ("5.12", "KWD", 5120),
    ("1.234,560", "KWD", 1_234_560), ("1", "KWD", 1000), ("500", "ISK", 500), ("1000", "KZT", 100_000),
    ("4000", "HUF", 400_000), ("1,500", "JPY", 1500), ("1.500", "JPY", 1500), ("15,000", "KRW", 15_000),
    ("4,000", "HUF", 400_000), ("4.000", "ISK", 4000), ("5.120", "KWD", 5120),
]  # fmt: skip
REFUSED = [
    ("", "EUR"), (" ", "EUR"), ("-5", "EUR"), ("+5", "EUR"), ("1e9", "EUR"), ("1e2", "EUR"), ("NaN", "EUR"), ("inf", "EUR"),
    ("٥", "EUR"), ("٢٥", "EUR"), ("２５", "EUR"), ("²⁵", "EUR"), ("0.1", "EUR"), ("0", "EUR"), ("0.00", "EUR"),
    ("1.99", "EUR"), ("1,000", "EUR"), ("1.000", "EUR"), ("25.555", "EUR"), ("25.", "EUR"), (".50", "EUR"), ("25.5.5", "EUR"),
    ("1,234,50", "EUR"), ("1.234.50", "EUR"), ("1 234 50", "EUR"), ("1 234.567,50", "EUR"), ("12 34", "EUR"),
    ("1,00,00", "INR"), ("12,34,567,50", "INR"), ("1  000", "EUR"), ("1\n000", "EUR"), ("1\t000", "EUR"),
    ("0x19", "EUR"), ("25€", "EUR"), ("€25", "EUR"), ("2_5", "EUR"), ("25\n50", "EUR"), ("twenty", "EUR"),
    ("100000.01", "EUR"), ("999999999", "EUR"), ("9" * 5000, "EUR"), ("1" + ",000" * 2000, "EUR"), ("25\x00", "EUR"),
    ("\ud800", "EUR"), ("500.5", "JPY"), ("1,00", "JPY"), ("0,500", "JPY"), ("299", "JPY"), ("1,500.5", "JPY"),
    ("5.124", "KWD"), ("1,000", "KWD"), ("0.99", "KWD"), ("5", "ISK"), ("4000.50", "HUF"), ("25", "XTS"), ("25", ""),
    ("25", "eur"), ("25", "VEF"), ("25", "BGN"),
]  # fmt: skip
LOCALES = ["en", "de", "fr", "ru", "kk", "pl", "sv", "tr", "ar", "fa", "hi", "en_IN", "de_CH", "pt_BR", "ja"]
CODES = st.sampled_from(sorted(CURRENCIES))


@pytest.mark.parametrize(("typed", "currency", "minor"), TAKEN)
def test_an_amount_is_taken_exactly(typed: str, currency: str, minor: int) -> None:
    assert parse_amount(typed, currency) == Money(minor, currency)


@pytest.mark.parametrize(("typed", "currency"), REFUSED)
def test_an_amount_that_is_none_is_refused_in_a_sentence(typed: str, currency: str) -> None:
    with pytest.raises(AmountError) as refused:
        parse_amount(typed, currency)
    assert str(refused.value).endswith((".", "it."))


@pytest.mark.parametrize("typed", ["1,234", "1.234", "25.555", "0,500"])
def test_what_can_be_read_in_two_ways_is_asked_back_not_guessed(typed: str) -> None:
    with pytest.raises(AmountError, match=f"^“{re.escape(typed)}” can be read in two ways\\."):
        parse_amount(typed, "EUR")


@pytest.mark.parametrize(
    ("language", "typed", "minor"),
    [("en", "5.120", 5120), ("de", "5,120", 5120), ("en", "5,120", None), ("de", "5.120", None), ("ar", "5.120", 5120)],
)
def test_dinars_are_read_as_the_readers_language_writes_them_and_never_in_another_way(
    app: Flask, language: str, typed: str, minor: int | None
) -> None:
    with app.test_request_context(), force_locale(language):
        try:
            read = parse_amount(typed, "KWD").minor
        except AmountError as error:
            assert "can be read in two ways" in str(error)
            read = None
        assert read == minor
        assert minor is None or typed in Money(minor, "KWD").text(language)


@given(st.integers(1, 15_000), CODES)
def test_an_amount_of_whole_units_is_taken_as_our_own_page_writes_it(thousands: int, currency: str) -> None:
    money = from_major(thousands * 100, currency)
    if not CURRENCIES[currency].whole:
        return
    for locale in ("en", "de", "fr", "ja", "hu", "sv"):
        typed = re.sub(r"^\D+|\D+$", "", money.text(locale))
        try:
            assert parse_amount(typed, currency) == money, locale
        except AmountError as error:
            assert "two ways" not in str(error) and "plain digits" not in str(error), (typed, locale)


@settings(max_examples=500)
@given(st.decimals(min_value=2, max_value=200_000, places=2), st.sampled_from(LOCALES))
@example(Decimal(1234), "de")
def test_an_amount_as_its_readers_language_writes_it_is_that_amount_or_asked_back(amount: Decimal, locale: str) -> None:
    for pattern in ("#,##0.00", "#,##0.##", "0.##"):
        typed = format_decimal(amount, pattern, locale)
        try:
            assert parse_amount(typed, "INR", "once").major == amount
        except AmountError as error:
            assert amount < 200 or re.fullmatch(r"\d{1,3}[.,]\d{3}", typed), (typed, str(error))


@given(st.text(st.sampled_from("0123456789.,' ")), CODES)
def test_whatever_signs_stand_between_the_digits_none_is_lost_or_made_up(typed: str, currency: str) -> None:
    try:
        money = parse_amount(typed, currency)
    except AmountError:
        return
    found = f"{money.major:f}"
    digits = re.sub(r"\D", "", typed).lstrip("0")
    assert digits.rstrip("0") == re.sub(r"\D", "", found).lstrip("0").rstrip("0")
    assert re.search(r"[.,' ]\d{1,2}$|^[^.,' ]+$|[.,' ]\d{3}", typed.strip())


@given(st.text(st.characters()), CODES)
def test_any_text_is_an_amount_or_an_amount_error(typed: str, currency: str) -> None:
    try:
        assert parse_amount(typed, currency).minor > 0
    except AmountError:
        return


@given(st.decimals(min_value=0, max_value=200_000, places=2), CODES, st.sampled_from(list(Frequency)))
def test_what_is_taken_is_within_the_currencys_bounds(amount: Decimal, currency: str, frequency: Frequency) -> None:
    table = CURRENCIES[currency]
    try:
        money = parse_amount(f"{amount.normalize():f}", currency, frequency)
    except AmountError:
        return
    minimum = table.offers["once"].minimum
    assert table.offers[frequency].minimum <= money.major <= LARGEST_MAJOR * max(1, minimum // 2)
    assert money.minor % table.step == 0
    assert money.major == amount


def test_the_smallest_gift_is_named_in_its_currency_and_rhythm() -> None:
    with pytest.raises(AmountError, match="€2;"):
        parse_amount("1", "EUR")
    with pytest.raises(AmountError, match="€5;"):
        parse_amount("4", "EUR", "yearly")


@pytest.mark.parametrize(
    ("typed", "currency", "sent"),
    [("500", "JPY", 500), ("500", "ISK", 50_000), ("5.12", "KWD", 5120), ("25", "EUR", 2500), ("1000", "KZT", 100_000)],
)
def test_stripe_is_told_its_own_minor_units(typed: str, currency: str, sent: int) -> None:
    assert parse_amount(typed, currency).stripe_minor == sent


@given(st.integers(-(10**8), 10**8), CODES)
def test_what_stripe_says_is_read_back_as_it_was_told(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert from_stripe(money.stripe_minor, currency.lower()) == money
    assert from_stripe(money.stripe_minor, currency) == money


def test_what_is_no_money_of_ours_is_not_read() -> None:
    for code in ("", "xts", "bgn", "eu", "eur "):
        with pytest.raises(UnknownCurrency):
            from_stripe(500, code)
    with pytest.raises(AmountError):
        from_stripe(550, "isk")


def test_three_decimal_amounts_end_in_zero_for_stripe() -> None:
    assert with_fee(from_major(3, "KWD")).stripe_minor % 10 == 0


def left_after_fee(gross: Money) -> int:
    """What Stripe leaves: percent of the gross, rounded half up to the minor unit, and the fixed part go."""
    table = CURRENCIES[gross.currency]
    percent = (Decimal(gross.minor) * table.fee_percent / 100).quantize(Decimal(1), ROUND_HALF_UP)
    return gross.minor - int(percent) - int(table.fee_fixed.scaleb(table.exponent))


@settings(max_examples=2000)
@given(CODES, st.integers(1, 10**9))
@example("EUR", 1)
@example("EUR", 2500)
@example("KWD", 1)
@example("JPY", 300)
@example("ISK", 301)
@example("HUF", 8)
def test_the_least_gross_is_taken_that_leaves_the_wanted_amount(currency: str, steps: int) -> None:
    step = CURRENCIES[currency].step
    wanted = Money(steps * step, currency)
    gross = with_fee(wanted)
    assert gross.currency == currency
    assert gross.minor % step == 0
    assert left_after_fee(gross) >= wanted.minor
    assert left_after_fee(Money(gross.minor - step, currency)) < wanted.minor


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_the_row_of_a_currency_is_sound(currency: str) -> None:
    table = CURRENCIES[currency]
    assert list(table.offers) == list(Frequency)
    for frequency, offer in table.offers.items():
        assert sorted({offer.minimum, *offer.presets}) == [offer.minimum, *offer.presets]
        for preset in offer.presets:
            assert parse_amount(str(preset), currency, frequency) == from_major(preset, currency)
    fixed = table.fee_fixed.scaleb(table.exponent)
    assert fixed == fixed.to_integral_value() and (table.fee_percent * 100) % 1 == 0
    assert Money(10**table.exponent, currency).major == 1


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_stripe_takes_the_least_and_the_most_that_is_offered(currency: str) -> None:
    code = currency.lower()
    assert code in stripe.CURRENCIES
    for amount in {
        major for offer in CURRENCIES[currency].offers.values() for major in (offer.minimum, *offer.presets)
    }:
        for money in (from_major(amount, currency), with_fee(from_major(amount, currency))):
            stripe.check_step(money.stripe_minor, code, "amount")
            stripe.check_total(money.stripe_minor, code)
    decimals = 0 if code in stripe.NO_DECIMALS else 3 if code in stripe.THREE_DECIMALS else 2
    assert from_major(1, currency).stripe_minor == 10**decimals


TEXTS = [
    (2500, "EUR", "en", "€25"), (2550, "EUR", "en", "€25.50"), (123456, "EUR", "en", "€1,234.56"), (0, "EUR", "en", "€0"),
    (2500, "EUR", "de", "25 €"), (123456, "EUR", "de", "1.234,56 €"), (2505, "EUR", "de-AT", "€ 25,05"),
    (-500, "EUR", "en", "-€5"), (500, "JPY", "en", "¥500"), (5120, "KWD", "en", "KWD 5.120"), (5000, "KWD", "en", "KWD 5"),
    (100_000, "KZT", "en", "KZT 1,000"), (500, "ISK", "en", "ISK 500"), (2550, "EUR", "ar", "\u200f25.50 €"),
    (100_000, "KZT", "ru", "1 000 KZT"), (400_000, "HUF", "hu", "4 000 Ft"), (123_456_700, "INR", "hi", "₹12,34,567"),
]  # fmt: skip


@pytest.mark.parametrize(("minor", "currency", "locale", "text"), TEXTS)
def test_an_amount_reads_as_its_reader_writes(minor: int, currency: str, locale: str, text: str) -> None:
    assert Money(minor, currency).text(locale).replace("\xa0", " ") == text


def test_money_is_a_frozen_whole_number() -> None:
    assert from_major(25, "EUR") == Money(2500, "EUR")
    assert from_major(Decimal("25.50"), "EUR").minor == 2550
    assert from_major(Decimal("0.1"), "EUR").minor + from_major(Decimal("0.2"), "EUR").minor == 30
    with pytest.raises(AttributeError):
        Money(1, "EUR").minor = 2  # type: ignore[misc]
