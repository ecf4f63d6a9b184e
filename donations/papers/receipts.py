"""The receipt of one payment: the mail, and the tagged PDF that it carries, in the language of the gift."""

from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _

from core import clock, mail
from core.money import Money
from donations import letters
from donations.checkout_services import open_donor
from donations.models import Donation, Payment, Tribute
from donations.own_page import donors
from donations.own_page.models import Donor
from donations.papers import words
from donations.papers.letterhead import letterhead
from donations.papers.numbers import number_of
from donations.reversals import services as reversals
from donations.tax import services as tax


def write(payment: Payment, *, key: str) -> None:
    """Promises the receipt of a paid payment to its donor, once for each key; none where nobody is left to write to."""
    donor = letters.reached_by(payment.donation)
    if donor is None:
        return
    with force_locale(payment.donation.language):
        context, paper = _context(payment), document(payment, donor)
    letters.write(payment.donation, "receipt", key=key, context=context, document=paper)


def document(payment: Payment, donor: Donor) -> mail.Document:
    """The PDF, in the language of the moment. The mail's own text says the same, so it may go without."""
    number, language = number_of(payment), payment.donation.language
    content = {
        **letterhead(language, title=_("Receipt for your gift"), footer=_("Receipt %(number)s", number=number)),
        "amount": payment.money.text(language, exact=True),
        "caption": _("received on %(day)s", day=_day(payment)),
        "facts": {"title": _("Your gift"), "rows": [list(row) for row in _facts(payment, donor)]},
        "notes": [words.statement(payment.donation.frequency), tax.offer(payment.donation)],
    }
    moment = payment.paid_at or payment.created_at
    return mail.Document(f"receipt-{moment:%Y-%m-%d}.pdf", "receipt.typ", content, needed=False)


def went_back(payment: Payment) -> Money:
    """How much of a payment was refunded, or taken back by the donor's bank."""
    return Money(payment.amount - reversals.left(payment).minor, payment.currency)


def _facts(payment: Payment, donor: Donor) -> list[tuple[str, str]]:
    donation, language = payment.donation, payment.donation.language
    rows = [
        (_("From"), donors.open_person(donor)["name"]),
        (_("For"), words.fund(payment.case)),
        (_("How often"), words.rhythm(donation.frequency)),
        *_tribute(donation),
        (_("Number"), number_of(payment)),
        (_("Number of the gift"), donation.public_id),
    ]
    if (back := went_back(payment)).minor:
        rows += [
            (_("Went back to you"), back.text(language, exact=True)),
            (_("What remains"), reversals.left(payment).text(language, exact=True)),
        ]
    return rows


def _tribute(donation: Donation) -> list[tuple[str, str]]:
    if donation.tribute == Tribute.NONE:
        return []
    title = _("In memory of") if donation.tribute == Tribute.MEMORY else _("On behalf of")
    return [(title, words.tribute_name(donation, open_donor(donation)))]


def _context(payment: Payment) -> dict[str, Any]:
    donation, back = payment.donation, went_back(payment)
    return {
        "tribute": str(donation.tribute),
        "amount": payment.money.text(donation.language),
        "day": _day(payment),
        "fund": words.fund(payment.case) if payment.case else "",
        "frequency": str(donation.frequency),
        "back": back.text(donation.language) if back.minor else "",
        "statement": words.statement(donation.frequency),
        "number": number_of(payment),
        "gift": donation.public_id,
        "tax": tax.offer(donation),
    }


def _day(payment: Payment) -> str:
    return clock.day((payment.paid_at or payment.created_at).date(), payment.donation.language)
