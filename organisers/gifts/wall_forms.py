"""Forms of what the donate pages show: the general fund, and a level of patrons."""

from typing import Any, Self

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField, ValidationError
from wtforms.validators import InputRequired, NumberRange

from core.currencies import CURRENCIES
from core.money import AmountError, Money, from_major, read_amount
from donations.general_fund import GeneralFund
from donations.wall.models import PatronLevel
from organisers.cases.forms import LARGEST_GOAL
from organisers.fields import Choice, OfficeForm, Whole, goal, line, text


class GeneralFundForm(OfficeForm):
    title = line(_l("Title"), 160)
    text = text(_l("What its gifts are for"), 4_000)
    goal = goal(_l("Goal, in whole units"), LARGEST_GOAL)
    currency = Choice(_l("Currency"), choices=[(code, code) for code in CURRENCIES], default="EUR")

    @classmethod
    def of(cls, told: GeneralFund | None) -> Self:
        form = cls(obj=told)
        if told and told.goal and not form.is_typed():
            form.goal.data = int(Money(told.goal, told.currency).major)
        return form

    def values(self) -> dict[str, Any]:
        """What `describe` takes."""
        values = super().values()
        typed = values["goal"]
        return {**values, "goal": from_major(typed, values["currency"]).minor if typed else None}


class LevelForm(OfficeForm):
    """A level of patrons; `minimums` is one line a currency, like EUR 10."""

    title = line(_l("Name of the level"), 60, _l("Give the level a name."))
    thanks = line(_l("Sentence of thanks"), 300, _l("Write a sentence of thanks: it stands below the name."))
    position = Whole(
        _l("Place in the list"),
        [InputRequired(_l("Write a number.")), NumberRange(0, 999, _l("Write a whole number from 0 to 999."))],
        default=0,
    )
    minimums = TextAreaField(_l("From how much a month"))

    @classmethod
    def of(cls, level: PatronLevel) -> Self:
        form = cls(obj=level)
        if not form.is_typed():
            lines = [f"{one.currency} {one.money.plain}" for one in level.minimums]
            form.minimums.data = "\n".join(lines)
        return form

    def amounts(self) -> list[Money]:
        """The minimums as they were typed. Raises AmountError."""
        typed = [line.split(None, 1) for line in (self.minimums.data or "").splitlines() if line.strip()]
        return [_amount(*parts) if len(parts) == 2 else _amount(parts[0], "") for parts in typed]

    def validate_minimums(self, field: TextAreaField) -> None:
        try:
            amounts = self.amounts()
        except AmountError as error:
            raise ValidationError(str(error)) from None
        if not amounts:
            raise ValidationError(_("Write at least one line, like EUR 10."))
        if len({money.currency for money in amounts}) < len(amounts):
            raise ValidationError(_("Write each currency once only."))

    def values(self) -> dict[str, Any]:
        """What `define` takes."""
        return {**super().values(), "minimums": self.amounts()}


def _amount(code: str, typed: str) -> Money:
    try:
        money = read_amount(typed, code.upper())
    except AmountError as error:
        raise AmountError(_("“%(line)s”: %(what)s", line=f"{code} {typed}".strip()[:60], what=str(error))) from None
    least = CURRENCIES[money.currency].offers["monthly"].minimum
    if not least <= money.major <= CURRENCIES[money.currency].largest:
        smallest = from_major(least, money.currency).text()
        raise AmountError(_("A month’s gift in this currency is at least %(smallest)s.", smallest=smallest))
    return money
