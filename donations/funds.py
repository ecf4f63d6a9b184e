"""Where a gift goes: a case's fund, or the general one; and how far its thermometer has risen."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from cases import veil
from cases.models import Case
from cases.services import CaseNotFound, get_case, list_public
from core.currencies import CURRENCIES
from core.goals import next_goal
from core.money import Money, from_major
from donations import general_fund, services
from donations.offline import services as offline

SLUG = re.compile(r"[a-z0-9-]{1,80}")
GENERAL_CURRENCY = "EUR"


class ClosedFund(Exception):
    """The case takes no gifts: it is over, or never had a fund."""

    def __init__(self, case: Case) -> None:
        super().__init__(case.slug)
        self.case = case


@dataclass(frozen=True)
class Fund:
    """What a gift is for; no case: the general fund. `currency` is the one that its goal is counted in."""

    case: Case | None
    title: str
    text: str
    currency: str
    goal_set: int | None

    @property
    def slug(self) -> str | None:
        return self.case.slug if self.case else None


@dataclass(frozen=True)
class Thermometer:
    """Paid gifts in the fund's currency against its goal, those in other currencies, how many givers; gifts outside Stripe."""

    raised: Money
    goal: Money
    goal_is_set: bool
    others: tuple[Money, ...]
    givers: int
    offline: Sequence[Money]


def get_fund(slug: str | None) -> Fund:
    """The fund of a case, or without a slug the general one. Raises CaseNotFound or ClosedFund."""
    if slug is None:
        return _general()
    if not SLUG.fullmatch(slug):
        raise CaseNotFound(slug)
    case = get_case(slug)
    if not case.takes_gifts:
        raise ClosedFund(case)
    currency = case.fund_currency if case.fund_currency in CURRENCIES else GENERAL_CURRENCY
    return Fund(case, case.fund_title, case.fund_text, currency, case.fund_goal)


def designations(fund: Fund) -> list[tuple[str, str]]:
    """What a gift from a fund's page may be for, by slug (blank: the general fund), the page's own first: a case's page offers
    the case and the general fund, the general page every open fund."""
    general = ("", _("Where it is needed most"))
    if fund.case:
        return [_named(fund.case), general]
    return [general, *(_named(case) for case in list_public() if case.takes_gifts)]


def name_of(case: Case) -> str:
    """A case's fund as donors read it among others; the case alone where it never had one."""
    return veil.told(case, f"{case.fund_title} – {case.title}" if case.fund_title else case.title)


def thermometer(fund: Fund) -> Thermometer:
    """How far the fund has come; only what Stripe has confirmed counts."""
    case_id = fund.case.id if fund.case else None
    sums = services.raised(case_id)
    raised = Money(sums.pop(fund.currency, 0), fund.currency)
    step = from_major(next_goal(int(raised.major)), fund.currency)
    goal = Money(fund.goal_set, fund.currency) if fund.goal_set else step
    others = tuple(Money(minor, currency) for currency, minor in sorted(sums.items()))
    return Thermometer(raised, goal, bool(fund.goal_set), others, services.givers(case_id), offline.sums(case_id))


def _general() -> Fund:
    """The general fund in the organisers' words, or in ours where they have said nothing."""
    text = _("Gifts without a case go where they are needed most: to the campaigns on this site and what they cost.")
    told = general_fund.find()
    if told is None:
        return Fund(None, _("Support the campaigns"), text, GENERAL_CURRENCY, None)
    return Fund(None, told.title or _("Support the campaigns"), told.text or text, told.currency, told.goal)


def _named(case: Case) -> tuple[str, str]:
    return case.slug, name_of(case)
