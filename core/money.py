"""Money as a whole number of minor units with its currency, and the table of currencies that we take.

Source: Stripe, supported currencies (zero- and three-decimal ones, ISK) and its minimum charge amounts, rounded up."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from babel import Locale
from babel.numbers import format_currency
from flask_babel import get_locale
from flask_babel import gettext as _

AMOUNT = re.compile(r"\d{1,9}(?:[.,]\d{1,3})?", re.ASCII)
LARGEST_MAJOR = 100_000


class AmountError(ValueError):
    """An amount that cannot be taken; the text is for the donor's eyes."""


class UnknownCurrency(LookupError):
    """A currency that is not in our table."""


@dataclass(frozen=True)
class Currency:
    """exponent: minor digits that a donor may use; stripe_factor: Stripe's minor units for one of ours; the rest in units."""

    code: str
    exponent: int
    minimum: int
    presets: tuple[int, int, int, int]
    stripe_factor: int = 1
    step: int = 1
    fee_percent: Decimal = Decimal("2.9")
    fee_fixed: Decimal = Decimal("0.30")


CURRENCIES: dict[str, Currency] = {
    currency.code: currency
    for currency in (
        Currency("EUR", 2, 2, (10, 25, 50, 100), fee_fixed=Decimal("0.25")),
        Currency("USD", 2, 2, (10, 25, 50, 100)),
        Currency("GBP", 2, 2, (10, 25, 50, 100), fee_fixed=Decimal("0.20")),
        Currency("CHF", 2, 2, (10, 25, 50, 100)),
        Currency("SEK", 2, 20, (100, 250, 500, 1000), fee_fixed=Decimal("1.80")),
        Currency("NOK", 2, 20, (100, 250, 500, 1000), fee_fixed=Decimal("2.00")),
        Currency("DKK", 2, 15, (75, 200, 400, 750), fee_fixed=Decimal("1.80")),
        Currency("PLN", 2, 10, (40, 100, 200, 400), fee_fixed=Decimal("1.00")),
        Currency("CZK", 2, 50, (250, 600, 1200, 2500), fee_fixed=Decimal("6.50")),
        Currency("KZT", 2, 1000, (5000, 12000, 25000, 50000), fee_fixed=Decimal("150")),
        Currency("JPY", 0, 300, (1500, 4000, 8000, 15000), fee_fixed=Decimal("40")),
        Currency("ISK", 0, 300, (1500, 3500, 7000, 15000), stripe_factor=100, fee_fixed=Decimal("45")),
        Currency("KWD", 3, 1, (3, 8, 15, 30), step=10, fee_fixed=Decimal("0.10")),
    )
}


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

    def text(self, locale: str = "en") -> str:
        """As a person reads it in that language; whole amounts without decimals."""
        whole = self.major == self.major.to_integral_value()
        digits = 0 if whole else CURRENCIES[self.currency].exponent
        language = Locale.parse(locale.replace("-", "_"))
        usual = language.currency_formats["standard"].pattern
        pattern = usual.replace("0.00", "0." + "0" * digits if digits else "0")
        shown = format_currency(self.major, self.currency, pattern, locale=language, currency_digits=False)
        return re.sub(r"(?<=[A-Z])(?=\d)", "\N{NO-BREAK SPACE}", str(shown))


def from_stripe(amount: int, currency: str) -> Money:
    """Money of Stripe's minor units of a currency of ours, in whatever letters. Raises UnknownCurrency, or AmountError for
    what is no whole number of our minor units."""
    table = CURRENCIES.get(currency.upper())
    if table is None:
        raise UnknownCurrency(currency)
    minor, rest = divmod(amount, table.stripe_factor)
    if rest:
        raise AmountError(f"{amount} {currency}")
    return Money(minor, table.code)


def parse_amount(text: str, currency: str) -> Money:
    """The exact amount that a donor typed ('25', '25.50', '25,50'); AmountError says what to type instead."""
    if currency not in CURRENCIES:
        raise AmountError(_("Choose one of the currencies in the list."))
    table = CURRENCIES[currency]
    typed = text.strip()
    thousands = r"[.,]\d{3}$" if table.exponent < 3 else r",\d{3}$"  # 1,000 is not one
    if not AMOUNT.fullmatch(typed) or re.search(thousands, typed):
        raise AmountError(_("Write the amount in plain digits, like 25 or 25.50."))
    minor = Decimal(typed.replace(",", ".")).scaleb(table.exponent)
    if minor != minor.to_integral_value() or int(minor) % table.step:
        raise AmountError(_("This currency has no coins that small; write a rounder amount."))
    money = Money(int(minor), currency)
    if money.major < table.minimum:
        smallest = from_major(table.minimum, currency).text(str(get_locale() or "en"))
        raise AmountError(_("The smallest gift is %(smallest)s; below that fees eat it.", smallest=smallest))
    if money.major > LARGEST_MAJOR * max(1, table.minimum // 2):
        raise AmountError(_("This is more than the form takes; write to us and we will arrange it."))
    return money


def from_major(amount: int | Decimal, currency: str) -> Money:
    """Money of an amount in whole units: from_major(25, 'EUR') is 25 euros."""
    return Money(int(Decimal(amount).scaleb(CURRENCIES[currency].exponent)), currency)


def with_fee(money: Money) -> Money:
    """The gross amount from which, after the card fee, about `money` is left. Source: Stripe pricing, percent + fixed."""
    table = CURRENCIES[money.currency]
    gross = (money.major + table.fee_fixed) / (1 - table.fee_percent / 100)
    minor = int(gross.scaleb(table.exponent).quantize(Decimal(1), ROUND_HALF_UP))
    return Money(-(-minor // table.step) * table.step, money.currency)
