"""What is said of a sample, to whoever looks at its page, and to whoever answered: shares, never a person."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _

from core import clock
from deliveries.sampling.models import Sample
from deliveries.sampling.services import LEAST_ANSWERS, AnotherIsOpen, SeedUsed, TooMany
from deliveries.states import SampleState
from petitions.models import Petition

REFUSED: dict[type[Exception], Callable[[], str]] = {
    AnotherIsOpen: lambda: _("A sample of this list is open already. Wait until it is closed, then ask for the next one."),
    SeedUsed: lambda: _("This seed has drawn a sample of this list before. Choose another one."),
    TooMany: lambda: _("This list has had all the samples of one day. Ask again tomorrow."),
}  # fmt: skip


@dataclass(frozen=True)
class Told:
    """A sample as its page shows it; `facts`: label and value."""

    title: str
    sentence: str
    seed: str
    numbers: list[int]
    facts: list[tuple[str, str]]


def tell(petition: Petition, sample: Sample) -> Told:
    """What everybody may know of it."""
    return Told(
        title=_("Sample of %(day)s", day=_day(petition, sample.asked_at)),
        sentence=_sentence(petition, sample),
        seed=sample.seed,
        numbers=sample.numbers,
        facts=_facts(sample),
    )


def answers(sample: Sample) -> int:
    return sample.yes + sample.no


def percent(sample: Sample) -> int:
    """Of those who answered, rounded down: 100 means everybody."""
    return 100 * sample.yes // answers(sample)


def gone() -> tuple[str, str]:
    return _("This question is closed"), _(
        "It has been answered, its time is over, or the link is not whole. There is nothing more to do. If you opened it "
        "from a mail for the first time, copy the whole link into the address bar."
    )


def thanks() -> tuple[str, str]:
    return _("Thank you"), _(
        "Your answer is counted. Nobody is told that it was yours, and we do not keep that either."
    )


def not_signed(way_out: bool) -> tuple[str, str]:
    said = _("Your answer is counted. Nobody is told that it was yours, and we do not keep that either.")
    if not way_out:
        return _("Thank you"), said
    return _("Thank you"), f"{said} " + _("If somebody used your address, you can have the signature deleted now.")


def _sentence(petition: Petition, sample: Sample) -> str:
    if sample.state == SampleState.ASKED:
        return _("An organiser looks at it next. These lines were drawn; who may be asked is written to after that.")
    if sample.state == SampleState.REFUSED:
        return _("The organisers did not take it up, or the time for it ran out. Nobody was written to.")
    if sample.state == SampleState.ASKING and sample.closes_at:
        day = _day(petition, sample.closes_at)
        return _(
            "Those who may be asked are written to. Answers are taken until %(day)s, and shown after that.", day=day
        )
    if sample.state == SampleState.ASKING:
        return _("An organiser has approved it. Those who may be asked are written to next.")
    if not sample.mailed:
        return _("Too few on these lines agreed to be asked for a share to be told, so nobody was written to.")
    if answers(sample) < LEAST_ANSWERS:
        return _("Too few answered for a share to be told.")
    return _("It is closed. Its numbers do not change any more.")


def _facts(sample: Sample) -> list[tuple[str, str]]:
    drawn = (_("Lines drawn"), str(sample.size))
    if not sample.mailed:
        return [drawn]
    facts = [drawn, (_("Of them agreed to be asked, and were"), str(sample.mailed))]
    if sample.state == SampleState.CLOSED and answers(sample) >= LEAST_ANSWERS:
        facts.append((_("Answered"), str(answers(sample))))
        facts.append((_("Of those, said that they signed"), _("%(percent)s percent", percent=percent(sample))))
    elif sample.state == SampleState.CLOSED:
        fewer = ngettext("fewer than %(number)s", "fewer than %(number)s", LEAST_ANSWERS, number=LEAST_ANSWERS)
        facts.append((_("Answered"), fewer))
    return facts


def _day(petition: Petition, moment: Any) -> str:
    return clock.day(moment.astimezone(ZoneInfo(petition.time_zone)).date(), str(get_locale()))
