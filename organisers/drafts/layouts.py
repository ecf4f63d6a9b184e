"""Tables of petitions and cases that other systems give, told by the names of their columns; with where each is known from.

SpeakOut has no export of petitions: an organiser exports the table `…dk_speakout_petitions` from the database, whose columns
stand in `includes/install.php` of the plugin; `target_email` is nobody's name and is left out. CiviCRM: the titles and names
of `xml/schema/Campaign/Survey.xml`, which is petitions as well; what people sign stands in `instructions`. Action Network and
Change.org publish no table of petitions. For them the fields of their programming interfaces are taken, as tools write them
into tables: of Action Network's documented resource "Petitions", version 2; of Change.org's, version 1, which it has switched
off. That a table has just these columns is our assumption. No system knows cases: these are our own words, and their German
and French ones."""

from collections.abc import Mapping, Sequence

from organisers.drafts.models import DraftKind
from organisers.imports.layouts import ISO, Layout
from petitions.states import ImportOrigin

PETITIONS = (
    Layout(
        ImportOrigin.SPEAKOUT,
        (frozenset({"petition message"}),),
        {
            "title": "title", "greeting": "greeting", "petition message": "letter", "goal": "goal",
            "created date": "created_at",
        },
        order=ISO,
    ),
    Layout(
        ImportOrigin.CIVICRM,
        (frozenset({"survey title"}), frozenset({"survey id"}), frozenset({"title", "instructions"})),
        {
            "survey title": "title", "title": "title", "instructions": "letter", "campaign created date": "created_at",
            "created date": "created_at",
        },
        order=ISO,
    ),
    Layout(
        ImportOrigin.ACTION_NETWORK,
        (frozenset({"title", "petition text"}),),
        {
            "title": "title", "description": "ask", "petition text": "letter", "target": "recipient",
            "targets": "recipient", "target.name": "recipient", "created date": "created_at", "created at": "created_at",
            "goal": "goal",
        },
        order=ISO,
    ),
    Layout(
        ImportOrigin.CHANGE_ORG,
        (frozenset({"title", "overview"}), frozenset({"title", "letter body"})),
        {
            "title": "title", "overview": "ask", "letter body": "letter", "targets": "recipient", "goal": "goal",
            "created at": "created_at",
        },
        order=ISO,
    ),
)  # fmt: skip
OF_PETITIONS = {
    "title": "title", "petition": "title", "titel": "title", "titre": "title", "name": "title", "slug": "slug",
    "address": "slug", "ask": "ask", "summary": "ask", "forderung": "ask", "demande": "ask", "letter": "letter",
    "text": "letter", "brief": "letter", "lettre": "letter", "greeting": "greeting", "salutation": "greeting",
    "anrede": "greeting", "recipient": "recipient", "recipients": "recipient", "target": "recipient",
    "empfanger": "recipient", "destinataire": "recipient", "recipient role": "recipient_role",
    "recipient organisation": "recipient_organisation", "recipient organization": "recipient_organisation",
    "recipient address": "recipient_address", "recipient country": "recipient_country", "language": "language",
    "sprache": "language", "langue": "language", "locale": "language", "goal": "goal", "ziel": "goal",
    "objectif": "goal", "case": "case", "fall": "case", "cas": "case", "first signatory": "first_signatory",
    "created": "created_at", "created at": "created_at", "created date": "created_at", "date": "created_at",
}  # fmt: skip
OF_CASES = {
    "title": "title", "case": "title", "titel": "title", "titre": "title", "slug": "slug", "address": "slug",
    "lede": "lede", "summary": "lede", "description": "lede", "zusammenfassung": "lede", "resume": "lede", "story": "story",
    "text": "story", "geschichte": "story", "histoire": "story", "country": "country", "land": "country", "pays": "country",
    "place": "place", "town": "place", "city": "place", "ort": "place", "lieu": "place", "people": "people",
    "person": "people", "persons": "people", "name": "people", "names": "people", "people held": "people",
    "prisoner": "people", "prisoners": "people", "personen": "people", "personnes": "people", "urgency": "urgency",
}  # fmt: skip
LAYOUTS: Mapping[DraftKind, Sequence[Layout]] = {DraftKind.CASES: (), DraftKind.PETITIONS: PETITIONS}
GENERAL = {DraftKind.CASES: OF_CASES, DraftKind.PETITIONS: OF_PETITIONS}
