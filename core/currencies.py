"""The currencies that we take, as one table: how Stripe counts them, what we offer in each, what a payment costs.

Sources: Stripe, supported currencies (zero- and three-decimal ones; ISK; BGN went with Bulgaria's euro), its minimum charge
amounts, and its prices: percent and fixed part are what most accounts pay for a foreign card, so a page says "about".
Where Stripe opens no accounts the fixed part is the euro's at the rates of 2026. Minimums and presets lie near one another's
worth, in round numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

LARGEST_MAJOR = 100_000


class Offer(NamedTuple):
    """What the form offers for a rhythm, in whole units; the least keeps a fee from eating the gift."""

    minimum: int
    presets: tuple[int, int, int, int]


@dataclass(frozen=True)
class Currency:
    """exponent: minor digits that a donor may use; step: what their number must be a multiple of; stripe_factor: Stripe's minor
    units for one of ours; offers: by frequency; fee_fixed in whole units."""

    code: str
    exponent: int
    offers: Mapping[str, Offer]
    fee_fixed: Decimal
    fee_percent: Decimal = Decimal("2.9")
    stripe_factor: int = 1
    step: int = 1

    @property
    def whole(self) -> bool:
        """Whether only whole units are given, so that a sign before three digits can but group them."""
        return self.step % 10**self.exponent == 0

    @property
    def largest(self) -> int:
        """The most that the form takes, in whole units."""
        return LARGEST_MAJOR * max(1, self.offers["once"].minimum // 2)

    @property
    def presets(self) -> list[int]:
        """Every amount that is offered for some rhythm."""
        return sorted({major for offer in self.offers.values() for major in offer.presets})


def _row(
    code: str, fixed: str, once: Offer, monthly: Offer, yearly: Offer, exponent: int = 2, factor: int = 1, step: int = 1
) -> Currency:
    offers = {"once": once, "monthly": monthly, "yearly": yearly}
    return Currency(code, exponent, offers, Decimal(fixed), stripe_factor=factor, step=step)


_LIKE_EURO = Offer(2, (10, 25, 50, 100)), Offer(2, (5, 10, 20, 50)), Offer(5, (30, 60, 120, 250))
_LIKE_DOLLAR = Offer(3, (15, 40, 80, 150)), Offer(3, (8, 15, 30, 75)), Offer(8, (50, 100, 200, 400))
_LIKE_KRONA = Offer(20, (100, 250, 500, 1000)), Offer(20, (50, 100, 200, 500)), Offer(50, (300, 600, 1200, 2500))

CURRENCIES: dict[str, Currency] = {
    row.code: row
    for row in (
        _row("EUR", "0.25", *_LIKE_EURO),
        _row("USD", "0.30", *_LIKE_EURO),
        _row("GBP", "0.20", *_LIKE_EURO),
        _row("CHF", "0.30", *_LIKE_EURO),
        _row("SEK", "1.80", *_LIKE_KRONA),
        _row("NOK", "2.00", *_LIKE_KRONA),
        _row("DKK", "1.80",
             Offer(15, (75, 200, 400, 750)), Offer(15, (40, 75, 150, 400)), Offer(40, (200, 400, 800, 1500))),
        _row("PLN", "1.00",
             Offer(10, (40, 100, 200, 400)), Offer(10, (20, 40, 80, 200)), Offer(20, (120, 250, 500, 1000))),
        _row("CZK", "6.50",
             Offer(50, (250, 600, 1200, 2500)), Offer(50, (100, 250, 500, 1200)), Offer(120, (600, 1500, 3000, 6000))),
        _row("HUF", "85",  # Stripe counts fillér, which went out of use in 1999, and pays out whole forints
             Offer(800, (4000, 10_000, 20_000, 40_000)), Offer(800, (2000, 4000, 8000, 20_000)),
             Offer(2000, (12_000, 25_000, 50_000, 100_000)), step=100),
        _row("RON", "1.00",
             Offer(10, (50, 100, 250, 500)), Offer(10, (25, 50, 100, 250)), Offer(25, (150, 300, 600, 1200))),
        _row("KZT", "150",
             Offer(1000, (5000, 12_000, 25_000, 50_000)), Offer(1000, (2500, 5000, 10_000, 25_000)),
             Offer(2500, (15_000, 30_000, 60_000, 120_000))),
        _row("TRY", "13",
             Offer(100, (500, 1000, 2500, 5000)), Offer(100, (250, 500, 1000, 2500)),
             Offer(250, (1500, 3000, 6000, 12_000))),
        _row("JPY", "40",
             Offer(300, (1500, 4000, 8000, 15_000)), Offer(300, (800, 1500, 3000, 8000)),
             Offer(800, (5000, 10_000, 20_000, 40_000)), exponent=0),
        _row("KRW", "450",
             Offer(3000, (15_000, 40_000, 80_000, 150_000)), Offer(3000, (8000, 15_000, 30_000, 80_000)),
             Offer(8000, (50_000, 100_000, 200_000, 400_000)), exponent=0),
        _row("KWD", "0.10",
             Offer(1, (3, 8, 15, 30)), Offer(1, (2, 4, 8, 15)), Offer(2, (10, 20, 40, 80)), exponent=3, step=10),
        _row("ISK", "45",
             Offer(300, (1500, 3500, 7000, 15_000)), Offer(300, (800, 1500, 3000, 7000)),
             Offer(800, (4000, 9000, 18_000, 36_000)), exponent=0, factor=100),
        _row("AUD", "0.30", *_LIKE_DOLLAR),
        _row("CAD", "0.30", *_LIKE_DOLLAR),
        _row("NZD", "0.30", *_LIKE_DOLLAR),
        _row("SGD", "0.50", *_LIKE_DOLLAR),
        _row("HKD", "2.35",
             Offer(20, (100, 200, 400, 800)), Offer(20, (50, 100, 200, 400)), Offer(50, (250, 500, 1000, 2000))),
        _row("BRL", "0.50",
             Offer(10, (50, 150, 300, 600)), Offer(10, (30, 60, 120, 300)), Offer(30, (180, 360, 720, 1500))),
        _row("MXN", "3.00",
             Offer(40, (200, 500, 1000, 2000)), Offer(40, (100, 200, 400, 1000)), Offer(100, (600, 1200, 2500, 5000))),
        _row("INR", "25",
             Offer(200, (1000, 2500, 5000, 10_000)), Offer(200, (500, 1000, 2000, 5000)),
             Offer(500, (3000, 6000, 12_000, 25_000))),
    )
}  # fmt: skip
