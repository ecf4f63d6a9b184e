"""What the page of a question says: why it is asked, what follows from which answer, and what came of it."""

from collections.abc import Callable

from flask_babel import get_locale
from flask_babel import gettext as _

from cases import veil
from cases.models import CaseStatus
from core import clock
from donations import funds
from donations.models import Donation, Frequency
from donations.moving.models import FundQuestion
from donations.moving.services import Stage
from donations.subscriptions import services as subscriptions

Told = tuple[str, str]  # title and sentence


def why(question: FundQuestion) -> str:
    """Why the donor is asked."""
    if question.case.status == CaseStatus.WON:
        return _(
            "“%(case)s” is won, thanks to everybody who stood by it. Your regular gift is not needed there any more. "
            "Nothing new is taken until you answer.", case=veil.told(question.case, question.case.title),
        )  # fmt: skip
    return _(
        "“%(case)s” is closed and takes no gifts any more. Nothing new is taken until you answer.",
        case=veil.told(question.case, question.case.title),
    )


def facts(gift: Donation, question: FundQuestion) -> list[tuple[str, str]]:
    """The gift as its donor knows it."""
    standing, language = subscriptions.find(gift), str(get_locale() or "en")
    amount = (standing.money_in(gift.currency) if standing else gift.money).text(language)
    yearly = gift.frequency == Frequency.YEARLY
    rhythm = _("%(amount)s a year", amount=amount) if yearly else _("%(amount)s a month", amount=amount)
    return [
        (_("Your gift"), rhythm),
        (_("Until now for"), funds.name_of(question.case)),
        (_("Time to answer"), _("before %(day)s", day=_day(question))),
        (_("Number"), gift.public_id),
    ]


def hints(gift: Donation, question: FundQuestion) -> list[str]:
    """What follows from an answer, and from none."""
    found = [
        _("Without an answer before %(day)s the gift ends on that day, and nothing more is taken.", day=_day(question)),
        _(
            "What you gave stays with this case, and so does a payment that was already under way. "
            "Another fund gets the payments that follow."
        ),
    ]
    if gift.show_name:
        found.append(
            _(
                "Your name may stand on this case’s public list of supporters. If your gift goes to another fund, it is "
                "taken off that list, and it is not put on the other fund’s list: you did not agree to that."
            )
        )
    if question.still_paused:
        found.append(_("You had paused your gift. Whatever fund you choose, it stays paused as you wished."))
    return found


def told(stage: Stage, gift: Donation) -> Told:
    """What came of a question that is not open."""
    return OUTCOMES[stage](gift)


def gone() -> Told:
    return _("This link does not work any more"), _(
        "It is older than 30 days, or it was made useless, or a part of it is missing. Every mail about your gift has a "
        "new link: the newest one works."
    )


def _moved(gift: Donation) -> Told:
    if gift.case is None:
        goes_to = _("From the next payment on it goes where it is needed most.")
    else:
        goes_to = _("From the next payment on it goes to “%(fund)s”.", fund=funds.name_of(gift.case))
    return _("Your gift goes on"), " ".join([goes_to, _("What you gave before stays where it went.")])


def _stopped(gift: Donation) -> Told:
    return _("Your gift is stopped"), _("Nothing more is taken. Thank you for what you gave.")


def _silent(gift: Donation) -> Told:
    return _("Your gift has ended"), _("No answer came in time, so nothing more is taken. Thank you for what you gave.")


def _unended(gift: Donation) -> Told:
    return _("Your gift has not ended yet"), _(
        "It was to end, and Stripe, which takes the payments, has not taken our order for a week. Answer our mail about it, "
        "so that we end it by hand."
    )


def _kept(gift: Donation) -> Told:
    return _("There is nothing to answer"), _("Your gift goes on as before.")


OUTCOMES: dict[Stage, Callable[[Donation], Told]] = {
    Stage.MOVED: _moved, Stage.STOPPED: _stopped, Stage.SILENT: _silent, Stage.UNENDED: _unended, Stage.OVER: _silent,
    Stage.KEPT: _kept,
}  # fmt: skip


def _day(question: FundQuestion) -> str:
    return clock.day(question.due_at.date(), str(get_locale() or "en"))
