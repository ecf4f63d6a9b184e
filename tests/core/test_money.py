"""Money: what a donor may type, what Stripe is told, and what covers the fee."""

from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.money import CURRENCIES, LARGEST_MAJOR, AmountError, Money, from_major, parse_amount, with_fee

TAKEN = [
    ("25", "EUR", 2500), ("25.5", "EUR", 2550), ("25,50", "EUR", 2550), ("10,50", "EUR", 1050), (" 25 ", "EUR", 2500),
    ("0025", "EUR", 2500), ("2", "EUR", 200), ("2.01", "EUR", 201), ("100000", "EUR", 10_000_000), ("16.40",
    "USD", 1640),
    ("500", "JPY", 500), ("500.0", "JPY", 500), ("5.12", "KWD", 5120), ("5.120", "KWD", 5120), ("1", "KWD", 1000),
    ("500", "ISK", 500), ("1000", "KZT", 100_000),
]  # fmt: skip
REFUSED = [
    ("", "EUR"), (" ", "EUR"), ("-5", "EUR"), ("+5", "EUR"), ("1e9", "EUR"), ("1e2", "EUR"), ("NaN", "EUR"),
    ("inf", "EUR"),
    ("٥", "EUR"), ("٢٥", "EUR"), ("２５", "EUR"), ("²⁵", "EUR"), ("0.1", "EUR"), ("0", "EUR"), ("0.00", "EUR"),
    ("1.99", "EUR"),
    ("1,000", "EUR"), ("1.000", "EUR"), ("1,000.50", "EUR"), ("1 000", "EUR"), ("1'000", "EUR"), ("25.555", "EUR"),
    ("25.", "EUR"),
    (".50", "EUR"), ("25.5.5", "EUR"), ("0x19", "EUR"), ("25€", "EUR"), ("€25", "EUR"), ("2_5", "EUR"), ("25\n50",
    "EUR"),
    ("twenty", "EUR"), ("100000.01", "EUR"), ("999999999", "EUR"), ("9" * 5000, "EUR"), ("25\x00", "EUR"),
    ("\ud800", "EUR"),
    ("500.5", "JPY"), ("1,000", "JPY"), ("299", "JPY"), ("5.124", "KWD"), ("1,000", "KWD"), ("0.999", "KWD"), ("5",
    "ISK"),
    ("25", "XTS"), ("25", ""), ("25", "eur"), ("25", "VEF"),
]  # fmt: skip
CODES = st.sampled_from(sorted(CURRENCIES))


@pytest.mark.parametrize(("typed", "currency", "minor"), TAKEN)
def test_an_amount_is_taken_exactly(typed: str, currency: str, minor: int) -> None:
    assert parse_amount(typed, currency) == Money(minor, currency)


@pytest.mark.parametrize(("typed", "currency"), REFUSED)
def test_an_amount_that_is_none_is_refused_in_a_sentence(typed: str, currency: str) -> None:
    with pytest.raises(AmountError) as refused:
        parse_amount(typed, currency)
    assert str(refused.value).endswith((".", "it."))


@given(st.text(st.characters()), CODES)
def test_any_text_is_an_exact_amount_or_an_amount_error(typed: str, currency: str) -> None:
    try:
        money = parse_amount(typed, currency)
    except AmountError:
        return
    assert money.major == Decimal(typed.strip().replace(",", "."))


@given(st.decimals(min_value=0, max_value=200_000, places=3), CODES)
def test_what_is_taken_is_within_the_currencys_bounds(amount: Decimal, currency: str) -> None:
    table = CURRENCIES[currency]
    try:
        money = parse_amount(str(amount.normalize() if currency == "JPY" else amount), currency)
    except AmountError:
        return
    assert table.minimum <= money.major <= LARGEST_MAJOR * max(1, table.minimum // 2)
    assert money.minor % table.step == 0
    assert money.major == amount


def test_the_smallest_gift_is_named_in_its_currency() -> None:
    with pytest.raises(AmountError, match="€2;"):
        parse_amount("1", "EUR")


@pytest.mark.parametrize(
    ("typed", "currency", "stripe"),
    [("500", "JPY", 500), ("500", "ISK", 50_000), ("5.12", "KWD", 5120), ("25", "EUR", 2500), ("1000", "KZT", 100_000)],
)
def test_stripe_is_told_its_own_minor_units(typed: str, currency: str, stripe: int) -> None:
    assert parse_amount(typed, currency).stripe_minor == stripe


def test_three_decimal_amounts_end_in_zero_for_stripe() -> None:
    assert with_fee(from_major(3, "KWD")).stripe_minor % 10 == 0


@settings(max_examples=1000)
@given(CODES, st.integers(1, 10**9))
@example("EUR", 1)
@example("KWD", 10)
@example("JPY", 300)
def test_after_the_fee_at_least_the_wanted_amount_is_left(currency: str, steps: int) -> None:
    table = CURRENCIES[currency]
    wanted = Money(steps * table.step, currency)
    gross = with_fee(wanted)
    fee = gross.major * table.fee_percent / 100 + table.fee_fixed
    smallest = Decimal(table.step).scaleb(-table.exponent)
    assert wanted.major - smallest <= gross.major - fee <= wanted.major + smallest
    assert gross.minor % table.step == 0


@pytest.mark.parametrize("currency", sorted(CURRENCIES))
def test_every_preset_can_be_given(currency: str) -> None:
    for preset in CURRENCIES[currency].presets:
        assert parse_amount(str(preset), currency) == from_major(preset, currency)
    assert list(CURRENCIES[currency].presets) == sorted(set(CURRENCIES[currency].presets))


TEXTS = [
    (2500, "EUR", "en", "€25"), (2550, "EUR", "en", "€25.50"), (123456, "EUR", "en", "€1,234.56"), (0, "EUR", "en",
    "€0"),
    (2500, "EUR", "de", "25 €"), (123456, "EUR", "de", "1.234,56 €"), (2505, "EUR", "de-AT", "€ 25,05"),
    (-500, "EUR", "en", "-€5"),
    (500, "JPY", "en", "¥500"), (5120, "KWD", "en", "KWD 5.120"), (5000, "KWD", "en", "KWD 5"), (100_000, "KZT",
    "en", "KZT 1,000"),
    (500, "ISK", "en", "ISK 500"), (2550, "EUR", "ar", "\u200f25.50 €"), (100_000, "KZT", "ru", "1 000 KZT"),
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
