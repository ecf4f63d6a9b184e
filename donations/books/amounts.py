"""Stripe's minor units as decimal amounts, exact, in whatever currency it settles."""

from decimal import Decimal

from babel.numbers import get_currency_precision

from core.currencies import CURRENCIES


def major(amount: int, currency: str) -> Decimal:
    """25.00 of (2500, 'EUR'), 5 of (500, 'ISK'). A currency that we do not take has the digits that the CLDR gives it."""
    table = CURRENCIES.get(currency)
    digits = table.exponent if table else get_currency_precision(currency)
    factor = table.stripe_factor if table else 1
    exact = Decimal(amount).scaleb(-digits - (len(str(factor)) - 1))
    shown = exact.quantize(Decimal(1).scaleb(-digits))
    return shown if shown == exact else exact


def text(amount: int, currency: str) -> str:
    """`25.00 EUR`: the same in every language, for a report."""
    return f"{major(amount, currency)} {currency}"
