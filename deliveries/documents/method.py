"""The method sheet: how the signatures were collected and confirmed, what was removed and why, and what all that is worth."""

from typing import Any

from flask_babel import gettext as _

from core.pdf import typeset
from deliveries import columns
from deliveries.documents import words
from deliveries.documents.facts import Facts
from deliveries.documents.letter import narrowed, responsibility
from deliveries.documents.words import DocumentNumbers, new_number
from petitions.states import ExitReason, Method

NAME = "method.pdf"

Row = tuple[str, str]


def method_pdf(facts: Facts, *, numbers: DocumentNumbers = new_number) -> bytes:
    """PDF/UA. Raises MissingGlyph, TypesettingFailed, TypesettingBusy."""
    with words.in_words_of(facts):
        return typeset("method.typ", content(facts, numbers(NAME)), lenient=False)


def content(facts: Facts, number: str) -> dict[str, Any]:
    """All that stands on the sheet, as plain data."""
    return {
        **words.frame(facts, _("Method sheet"), number),
        "lead": _("How the signatures under “%(title)s” came about, and what this delivery is made of.",
                  title=facts.texts.title),
        "tables": [
            [_("What was counted"), _counted(facts)], [_("How they signed"), _signed(facts)],
            [_("Removed from the count"), _removed(facts)], [_("In no number above"), _outside(facts)],
            [_("This delivery"), _delivery(facts)], [_("The data"), [row for row in responsibility(facts) if row[1]]],
            [_("The site's key"), [(_("Fingerprint"), words.fingerprint(facts)), (_("Check page"), facts.check)]],
        ],
        "lists": [
            [_("How it was made sure"), _care(facts)],
            [_("What a check of this delivery proves"), words.proves()],
            [_("What it does not prove"), words.proves_not()],
        ],
        "log": [_("The public log"), words.log_limits(), facts.note],
        "tags": _("The letter and this sheet are tagged for screen readers (PDF/UA). The annex is not: tags would make it "
                  "several times as large. Whoever needs them finds the same lines in the table files."),
    }  # fmt: skip


def _counted(facts: Facts) -> list[Row]:
    number = facts.numbers
    named = _("Agreed to be named to the recipient") if facts.count_only else _("Named in the list")
    rows = [
        (named, number.lines), (_("To be counted without a name"), number.counted),
        (_("Agreed to other recipients only, not named"), number.withheld),
        (_("Signatures of the petition in all"), number.total),
    ]  # fmt: skip
    return _figures(rows)


def _signed(facts: Facts) -> list[Row]:
    methods = facts.numbers.methods
    return _figures([
        (_("Online: confirmed by a link or code that was mailed to them"), methods.get(Method.WEB, 0)),
        (_("Invited by name: confirmed by a link that was mailed to them"), methods.get(Method.NOTABLE, 0)),
        (_("On paper: typed in by organisers from signed sheets, no mailbox confirmed"), methods.get(Method.PAPER, 0)),
    ])  # fmt: skip


def _removed(facts: Facts) -> list[Row]:
    left = facts.numbers.left
    rows = [
        (_("Taken back by the signatory"), left.get(ExitReason.WITHDRAWN, 0)),
        (_("“I never signed this”, said by the owner of the mailbox"), left.get(ExitReason.DISOWNED, 0)),
        (_("Erased on request"), left.get(ExitReason.ERASED, 0)),
    ]
    for taken in facts.numbers.taken_out:
        why = taken.reason or _("no reason was written down")
        rows.append((_("Taken out by the organisers: %(why)s", why=why), taken.signatures))
    return _figures(rows)


def _outside(facts: Facts) -> list[Row]:
    number = facts.numbers
    return _figures([
        (_("Sent in, and not confirmed by the mailbox"), number.unconfirmed),
        (_("Sent again by a mailbox that had signed: merged into its first signature (known for 21 days)"), number.repeated),
        (_("Taken over from another system, and not confirmed here"), number.imported),
    ])  # fmt: skip


def _delivery(facts: Facts) -> list[Row]:
    shown = [str(columns.COLUMNS[key].label) for key in facts.columns]
    return [
        (_("For"), words.joined(*words.addressed(facts)[:2])),
        (_("Number"), facts.delivery),
        (_("Made on"), words.day(facts.day)),
        (_("Contains"), _("numbers only, no list") if facts.count_only else words.joined(*shown)),
        *((_("Chosen"), said) for said in narrowed(facts)),
    ]


def _care(facts: Facts) -> list[str]:
    return [
        _("A mailbox signs a petition once: addresses that reach the same mailbox (dots, upper case, tags after a plus) count "
          "as one, and the database itself refuses a second signature. The first that is confirmed stands."),
        _("Nobody counts before the owner of the mailbox has opened the mailed link and pressed the button there, or typed the "
          "mailed code. A link that only a mail scanner opens confirms nothing."),
        _("From paper each line is compared by address with those who signed already, and organisers are shown who has the "
          "same name and country. Two people of one name are not merged."),
        _("Each line names only who agreed that this recipient sees the name; who chose to be counted only is in the number "
          "and in no list."),
        _("Numbers by country follow the list where it gives each line's country; elsewhere they are rounded down to tens and "
          "shown from 20 up."),
    ]  # fmt: skip


def _figures(rows: list[tuple[str, int]]) -> list[Row]:
    return [(name, words.figure(count)) for name, count in rows]
