"""What our documents and the mails around them say alike, in the language of the moment."""

from collections.abc import Mapping
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from cases import veil
from cases.models import Case
from donations.models import Donation, Frequency
from donations.orders import STATEMENT_WORD

RHYTHMS = {
    Frequency.ONCE: _l("Once"),
    Frequency.MONTHLY: _l("Every month, until you stop it"),
    Frequency.YEARLY: _l("Every year, until you stop it"),
}


def fund(case: Case | None) -> str:
    """What a payment is for, by its fund; no case: the general one."""
    return veil.told(case, case.fund_title or case.title) if case else _("Where it is needed most")


def tribute_name(gift: Donation, donor: Mapping[str, Any]) -> str:
    """Whom a gift honours, as its donor wrote; with initials for who is held in a case that is blurred or frozen.

    `donor`: what is sealed of the gift; one of before there were tributes has no such name."""
    name, case = donor.get("tribute_name", ""), gift.case
    return veil.covered(case, name) if case and (case.frozen_at or case.blurred_at) else name


def rhythm(frequency: Frequency) -> str:
    return str(RHYTHMS[frequency])


def statement(frequency: Frequency) -> str:
    """What stands on the donor's statement: a word of ours for a gift made once; Stripe takes none for a subscription."""
    organisation = _organisation()
    if frequency == Frequency.ONCE:
        return _(
            "On your statement this payment appears under the name that %(organisation)s has with Stripe, followed by the "
            "word %(word)s.",
            organisation=organisation,
            word=STATEMENT_WORD,
        )
    return _(
        "On your statement this payment appears under the name that %(organisation)s has with Stripe.",
        organisation=organisation,
    )


def statements(frequencies: set[Frequency]) -> list[str]:
    """What stood on the donor's statements for gifts of these rhythms, and will stand there."""
    once = _(
        "A gift made once appears on your statement under the name that %(organisation)s has with Stripe, followed by the "
        "word %(word)s.",
        organisation=_organisation(),
        word=STATEMENT_WORD,
    )
    regular = _(
        "Each payment of a regular gift appears on your statement under the name that %(organisation)s has with Stripe.",
        organisation=_organisation(),
    )
    return [once] * (Frequency.ONCE in frequencies) + [regular] * bool(frequencies - {Frequency.ONCE})


def no_certificate_of_a_year() -> str:
    return _("This is a list for your own records. It is not a certificate for the tax office.")


def _organisation() -> str:
    return str(current_app.config["UNDERSIGNED"].organisation)
