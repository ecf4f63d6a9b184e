"""What the office calls the columns of a file of cases or petitions."""

from flask_babel import lazy_gettext as _l

from organisers.drafts.models import DraftKind

OF_CASES = {
    "title": _l("Title"), "slug": _l("Address of the page"), "lede": _l("In two sentences"), "story": _l("The story"),
    "country": _l("State concerned"), "place": _l("Place"), "people": _l("People held"),
    "urgency": _l("Why now, in a few words"),
}  # fmt: skip
OF_PETITIONS = {
    "title": _l("Title"), "slug": _l("Address of the page"), "ask": _l("What it asks for, in a sentence or two"),
    "greeting": _l("Salutation of the letter"), "letter": _l("The letter"), "recipient": _l("Recipients"),
    "recipient_role": _l("Office held by the recipient"), "recipient_organisation": _l("Organisation of the recipient"),
    "recipient_address": _l("Postal address of the recipient"), "recipient_country": _l("Country of the recipient"),
    "first_signatory": _l("First signatory"), "language": _l("Language of the letter"), "goal": _l("Goal"),
    "case": _l("Case, by its title or address"), "created_at": _l("Written on"),
}  # fmt: skip
FIELDS = {**OF_CASES, **OF_PETITIONS}
BY_KIND = {DraftKind.CASES: OF_CASES, DraftKind.PETITIONS: OF_PETITIONS}
KINDS = {DraftKind.CASES: _l("Cases from a file"), DraftKind.PETITIONS: _l("Petitions from a file")}
