"""Why a pack could not be made, each with a sentence that an organiser can act on; the row keeps the code, pages say it."""

import errno
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from core.keystore import KeyMissing
from core.pdf import MissingGlyph, TypesettingFailed
from core.spreadsheets import CellTooLong
from core.vault import VaultError
from deliveries.formats import TooManyRows
from deliveries.models import Delivery

FAILURES: dict[str, Any] = {
    "glyph": _l("No font on this machine draws some letter of the list or the letter. Whoever runs the site installs fonts "
                "that have it (the doctor says which), then ask again."),
    "typesetting": _l("A PDF could not be set. Whoever runs the site finds the cause in the worker's log; then ask again."),
    "keys": _l("The petition's keys are not on the worker's machine. Whoever runs the site puts the keystore back, then ask "
               "again."),
    "damaged": _l("A signature's row does not open: it was changed or damaged. Whoever runs the site finds out what became of "
                  "it; then ask again."),
    "rows": _l("The list is too long for one of the formats. Ask again without ODS; CSV and XLSX hold any number of lines."),
    "cell": _l("One text of the list is too long for a spreadsheet's cell. Ask again for CSV or JSON only."),
    "disk": _l("The disk of the worker's machine is too full for this pack. Whoever runs the site makes room, then ask again."),
    "erased": _l("The signatures of this petition have been erased: there is no list to deliver."),
    "unexpected": _l("Making it failed several times. Whoever runs the site finds the cause in the worker's log; then ask "
                     "again."),
}  # fmt: skip


class CannotMake(Exception):
    """It makes no sense to try again by oneself. `code`: of FAILURES."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


CODES: tuple[tuple[type[Exception], str], ...] = (
    (MissingGlyph, "glyph"),
    (TypesettingFailed, "typesetting"),
    (KeyMissing, "keys"),
    (VaultError, "damaged"),
    (TooManyRows, "rows"),
    (CellTooLong, "cell"),
)


def code_of(error: Exception) -> str | None:
    """None where another attempt may do better."""
    if isinstance(error, CannotMake):
        return error.code
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "disk"
    return next((code for kind, code in CODES if isinstance(error, kind)), None)


def detail_of(error: Exception) -> str:
    """What else an organiser needs to know: which letters have no glyph, by their numbers. Never a text of the list."""
    return str(error)[:200] if isinstance(error, MissingGlyph) else ""


def sentence_of(found: Delivery) -> str:
    """Why a failed delivery failed."""
    code, _space, detail = found.reason.partition(" ")
    sentence = str(FAILURES.get(code, FAILURES["unexpected"]))
    return _("%(sentence)s (%(detail)s)", sentence=sentence, detail=detail) if detail else sentence
