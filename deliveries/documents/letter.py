"""The letter as sent: a cover sheet that says how to check the delivery, then the letter, addressed, dated, undersigned."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from core import clock, languages, qr
from core.pdf import typeset
from deliveries.documents import words
from deliveries.documents.facts import Facts, Signer
from deliveries.documents.words import DocumentNumbers, new_number
from petitions.paper import sheet_letter

NAME = "letter.pdf"


def letter_pdf(facts: Facts, *, numbers: DocumentNumbers = new_number) -> bytes:
    """PDF/UA. `numbers` gives the file its document number. Raises MissingGlyph, TypesettingFailed, TypesettingBusy."""
    with words.in_words_of(facts):
        return typeset("letter.typ", content(facts, numbers(NAME)), lenient=False)


def content(facts: Facts, number: str) -> dict[str, Any]:
    """All that stands on the cover sheet and in the letter, as plain data."""
    code = qr.svg(facts.check, title=_("Code with the address of the check page"), border=0)
    return {
        **words.frame(facts, _("Cover sheet"), number),
        "cover": {
            "qr": code, "qr_alt": _("Code with the address of the check page"), "check": facts.check.partition("://")[2],
            "lead": _lead(facts), "steps_title": _("How to check this delivery"), "steps": _steps(facts),
            "code_title": _("Code of this cover sheet"), "code": words.code(facts),
            "proves": [_("What the check proves"), words.proves()],
            "proves_not": [_("What it does not prove"), words.proves_not()],
            "facts": [_("This delivery"), _about(facts)],
        },
        "letter": {
            "language": languages.tag(facts.texts.language), "rtl": languages.direction(facts.texts.language) == "rtl",
            "title": facts.texts.title, "day": clock.day(facts.day, facts.texts.language),
            "addressed": words.addressed(facts), "blocks": list(sheet_letter.blocks(facts.texts.letter)),
            "translated": _translated(facts),
        },
        "undersigned": _undersigned(facts),
    }  # fmt: skip


def _lead(facts: Facts) -> str:
    lines = facts.numbers.lines
    if facts.count_only:
        return _("A letter with the number of its signatories. Their names are not part of this delivery.")
    return ngettext(
        "A letter with the list of its %(shown)s signatory who agreed to be named to you.",
        "A letter with the list of its %(shown)s signatories who agreed to be named to you.",
        lines, shown=words.figure(lines),
    )  # fmt: skip


def _steps(facts: Facts) -> list[str]:
    steps = [
        _("Open %(page)s, the address beside the code.", page=facts.check.partition("://")[2]),
        _("Give it any file of this delivery. It is compared on your own machine, and the page says whether it is the one that "
          "was made."),
        _("Ask the organisers by telephone, at a number that you did not take from this sheet, for the fingerprint of the "
          "site's key; it is %(fingerprint)s. It also stands in the manifest of every other delivery of this site.",
          fingerprint=words.fingerprint(facts)),
    ]  # fmt: skip
    if facts.cover_code:
        steps.insert(
            1, _("Type the code below: without it the page says nothing, so that a stolen list proves nothing.")
        )
    return steps


def _about(facts: Facts) -> list[tuple[str, str]]:
    rows = [
        (_("For"), words.joined(*words.addressed(facts)[:2])),
        (_("Petition"), facts.texts.title),
        (_("Number"), facts.delivery),
        (_("Made on"), words.day(facts.day)),
        (_("Named in the list"), "" if facts.count_only else words.figure(facts.numbers.lines)),
        (_("Signed in all"), words.figure(facts.numbers.total)),
        *responsibility(facts),
    ]
    return [row for row in rows if row[1]]


def responsibility(facts: Facts) -> list[tuple[str, str]]:
    """Whose data these are, for what, until when, and whom to ask."""
    return [
        (_("Responsible for the data"), facts.controller),
        (_("To be used for"), facts.purpose),
        (_("To be deleted by"), words.day(facts.delete_by) if facts.delete_by else ""),
        (_("Questions and corrections"), facts.contact),
    ]


def _translated(facts: Facts) -> str:
    if not facts.texts.signed_in:
        return ""
    return _("A translation. What people signed is the letter in this language: %(language)s.",
             language=languages.name_of(facts.texts.signed_in))  # fmt: skip


def _undersigned(facts: Facts) -> dict[str, Any]:
    """Who stands under the letter: notable signatories, organisations, then the rest by country."""
    groups = (
        (_("Signatories"), facts.members), (_("Notable signatories"), facts.notables),
        (_("Organisations"), facts.organisations),
    )  # fmt: skip
    texts = facts.texts
    return {
        "title": _("Undersigned"),
        "first_title": _("First signatory"),
        "first": [texts.first_signatory, texts.first_signatory_role],
        "groups": [[title, [_signer(one) for one in signers]] for title, signers in groups if signers],
        "others": others(facts),
        "countries_title": _("By country"),
        "countries": [[words.country(code), words.figure(count)] for code, count in facts.numbers.countries],
        "countries_note": _("Numbers of all who signed, rounded down to tens and shown from 20 up.")
        if facts.numbers.rounded else "",
    }  # fmt: skip


def _signer(one: Signer) -> list[str]:
    if one.size is not None:
        size = ngettext("%(shown)s member", "%(shown)s members", one.size, shown=words.figure(one.size))
        return [one.name, words.joined(size, words.country(one.country))]
    return [one.name, words.joined(one.role, one.affiliation, words.country(one.country))]


def others(facts: Facts) -> list[str]:
    """How many signed, named or not, a sentence each."""
    number = facts.numbers
    named = _("%(number)s people signed and agreed to be named to the recipient.", number=words.figure(number.lines))
    if not facts.count_only:
        named = ngettext(
            "The annex names %(number)s signatory, each line numbered; whoever is named above and signed here is one of them.",
            "The annex names %(number)s signatories, each line numbered; whoever is named above and signed here is one of "
            "them.",
            number.lines, number=words.figure(number.lines),
        )  # fmt: skip
    said = [named, *narrowed(facts)]
    if number.counted:
        said.append(_("Signed as well, to be counted without a name: %(number)s.", number=words.figure(number.counted)))
    if number.withheld:
        said.append(
            _("Signed while the letter went to other recipients, not named here: %(number)s.",
              number=words.figure(number.withheld))
        )  # fmt: skip
    return said


def narrowed(facts: Facts) -> list[str]:
    """What was chosen of all who could be named."""
    said = []
    if facts.countries:
        names = words.joined(*(words.country(code) for code in facts.countries))
        said.append(_("Only signatories from these countries were asked for: %(countries)s.", countries=names))
    if facts.since:
        said.append(_("Only those who came after the delivery of %(day)s.", day=words.day(facts.since)))
    return said
