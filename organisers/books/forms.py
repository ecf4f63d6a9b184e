"""Which file for the accountant: of a payout or of a month, as what, with whose names."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField

from donations.books.exports import FORMATS
from organisers.fields import Choice, OfficeForm, line

JOURNALS = {
    "journal": _l("The journal in double entry, CSV"),
    "ledger": _l("The journal as a plain-text ledger (Beancount)"),
}


class BooksForm(OfficeForm):
    payout = line(_l("Payout"), 255)
    month = line(_l("Month, like 2026-11"), 7)
    format = Choice(_l("File type"), choices=[*((key, one.label) for key, one in FORMATS.items()), *JOURNALS.items()])
    names = BooleanField(_l("Name every donor, also those who give anonymously: where the law asks for it"))
