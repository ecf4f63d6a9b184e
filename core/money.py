"""Money as a whole number of minor units with its currency: what a donor typed, what Stripe counts, what covers the fee."""

import re
from dataclasses import dataclass
from decimal import Decimal

from babel import Locale
from babel.numbers import format_currency, format_decimal, get_decimal_symbol
from flask_babel import get_locale
from flask_babel import gettext as _

from core.currencies import CURRENCIES, Currency

# 1234.5, 1,234.50, 1.234,50, 1 234,50, 1'234.50 and 12,34,567 (India): read alike in every language, so that a link means the
# same to all who open it. Digits 0 to 9 only.
AMOUNT = re.compile(
    r"(?P<whole>\d{1,9}|\d{1,3}(?P<group>[.,' ])\d{3}(?:(?P=group)\d{3})*|\d{1,2}(?:,\d{2})+,\d{3})"
    r"(?:(?P<point>[.,])(?P<part>\d{1,3}))?",
    re.ASCII,
)
TWO_WAYS = re.compile(r"\d{1,3}[.,]\d{3}", re.ASCII)  # 1,234: a thousand and more to some, one and a bit to others
GROUPED = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)
SIGNS = str.maketrans({"\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " ", "\N{THIN SPACE}": " ", "’": "'"})
ONCE = "once"


class AmountError(ValueError):
    """An amount that cannot be taken; the text is for the donor's eyes."""


class UnknownCurrency(LookupError):
    """No currency of ours; the text is its code."""


@dataclass(frozen=True)
class Money:
    """An amount in the currency's own minor units (cents; yen; fils)."""

    minor: int
    currency: str

    @property
    def major(self) -> Decimal:
        return Decimal(self.minor).scaleb(-CURRENCIES[self.currency].exponent)

    @property
    def stripe_minor(self) -> int:
        """What Stripe's API calls this amount: ISK is sent times a hundred."""
        return self.minor * CURRENCIES[self.currency].stripe_factor

    @property
    def plain(self) -> str:
        """As it is typed into a field: 25, 12.5; never to be read in two ways."""
        return f"{self.major.normalize():f}"

    def text(self, locale: str = "en", *, exact: bool = False) -> str:
        """As a person reads it in that language; whole amounts without decimals, unless `exact`, as in a column of figures."""
        whole = self.major == self.major.to_integral_value() and not exact
        digits = 0 if whole else CURRENCIES[self.currency].exponent
        language = Locale.parse(locale.replace("-", "_"))
        usual = language.currency_formats["standard"].pattern
        pattern = usual.replace("0.00", "0." + "0" * digits if digits else "0")
        shown = format_currency(self.major, self.currency, pattern, locale=language, currency_digits=False)
        return re.sub(r"(?<=[A-Z])(?=\d)", "\N{NO-BREAK SPACE}", str(shown))


def parse_amount(text: str, currency: str, frequency: str = ONCE) -> Money:
    """The exact amount that a donor typed ('25', '25.50', '1.234,50'); AmountError says what to type instead."""
    money = read_amount(text, currency)
    table = CURRENCIES[currency]
    if money.major < table.offers[frequency].minimum:
        smallest = from_major(table.offers[frequency].minimum, currency).text(_language())
        raise AmountError(_("The smallest gift is %(smallest)s; below that fees eat it.", smallest=smallest))
    if money.major > table.largest:
        raise AmountError(_("This is more than the form takes; write to us and we will arrange it."))
    return money


def read_amount(text: str, currency: str) -> Money:
    """The exact amount that was typed, be it smaller or larger than a gift; AmountError says what to type instead."""
    if currency not in CURRENCIES:
        raise AmountError(_("Choose one of the currencies in the list."))
    table = CURRENCIES[currency]
    minor = _major(text.strip().translate(SIGNS), table).scaleb(table.exponent)
    if minor != minor.to_integral_value() or int(minor) % table.step:
        raise AmountError(_("This currency has no coins that small; write a rounder amount."))
    return Money(int(minor), currency)


def from_major(amount: int | Decimal, currency: str) -> Money:
    """Money of an amount in whole units: from_major(25, 'EUR') is 25 euros."""
    return Money(int(Decimal(amount).scaleb(CURRENCIES[currency].exponent)), currency)


def from_stripe(amount: int, currency: str) -> Money:
    """Money of Stripe's minor units of a currency of ours, in whatever letters; UnknownCurrency, or AmountError for what is no
    whole number of our minor units."""
    table = CURRENCIES.get(currency.upper())
    if table is None:
        raise UnknownCurrency(currency)
    minor, rest = divmod(amount, table.stripe_factor)
    if rest:
        raise AmountError(f"{amount} {currency}")
    return Money(minor, table.code)


def with_fee(money: Money) -> Money:
    """The least gross amount from which the payment fee leaves `money`. Source: Stripe pricing, percent of the gross, rounded
    half up to the minor unit, + fixed.

    Left of g is ceil(g·(1-p) - 1/2) - fixed; solved for g in whole numbers, and up to the next step."""
    table = CURRENCIES[money.currency]
    parts, whole = int(table.fee_percent * 100), 10_000
    wanted = money.minor + from_major(table.fee_fixed, table.code).minor
    least = whole * (2 * wanted - 1) // (2 * (whole - parts)) + 1
    return Money(-(-least // table.step) * table.step, table.code)


def decimal_sign() -> str:
    """What stands before the decimals in the reader's language: a point or a comma, as a rule."""
    return str(get_decimal_symbol(_language()))


def _major(typed: str, table: Currency) -> Decimal:
    pattern = "0.00" if table.exponent == 2 and table.step == 1 else "0"
    example = format_decimal(Decimal(table.offers[ONCE].presets[1]), pattern, _language())
    plain = _("Write the amount in plain digits, like %(example)s.", example=example)
    if table.whole and GROUPED.fullmatch(typed):
        return Decimal(re.sub("[^0-9]", "", typed))
    if TWO_WAYS.fullmatch(typed) and not (table.exponent == 3 and decimal_sign() in typed):
        # 5.120 dinars is how our pages write them in a language of the point; nowhere is it read as five thousand
        sentence = _("“%(typed)s” can be read in two ways.", typed=typed)
        raise AmountError(f"{sentence} {plain}")
    found = AMOUNT.fullmatch(typed)
    if found is None or (found["point"] or "none") in found["whole"]:
        raise AmountError(plain)
    return Decimal(f"{re.sub('[^0-9]', '', found['whole'])}.{found['part'] or 0}")


def _language() -> str:
    return str(get_locale() or "en")
