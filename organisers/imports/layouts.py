"""The files that other systems export, told by the names of their columns; each with where its layout is known from.

SpeakOut: `includes/csv.php` of the WordPress plugin "SpeakOut! Email Petitions" writes the header, UTF-16LE with a mark, one
cell fewer in each row than names, and times in the site's own zone. CiviCRM: the titles of `CRM/Contact/DAO/Contact.php` and
`CRM/Core/DAO/Address.php`, which "Export contacts" prints as names; "Internal Contact ID" is the older title. Action Network:
the fields that its reports are documented and read with by public tools: `first_name`, `zip_code`, and what it has itself,
which begins with `can2_`. Change.org publishes no description of its file: this layout is assumed, without addresses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from organisers.paper.countries import plain
from petitions.states import ImportOrigin

PETITIONS_OWN = ""  # the zone of the petition
ISO, DAY_FIRST, MONTH_FIRST = "ymd", "dmy", "mdy"


@dataclass(frozen=True)
class Layout:
    """`marks`: names of which all must stand in the header; `columns`: name → what it is; `zone` and `order` of its dates."""

    origin: ImportOrigin
    marks: tuple[frozenset[str], ...]
    columns: Mapping[str, str]
    zone: str = PETITIONS_OWN
    order: str = DAY_FIRST

    def fits(self, names: set[str]) -> bool:
        return any(marks <= names for marks in self.marks)


@dataclass(frozen=True)
class Recognised:
    """A header as it was understood: `columns` maps a field to the number of its column."""

    layout: Layout
    columns: dict[str, int]


GENERAL = {
    "name": "name", "full name": "name", "display name": "name", "nom complet": "name", "signatory": "name",
    "first name": "first_name", "vorname": "first_name", "prenom": "first_name", "given name": "first_name",
    "last name": "last_name", "nachname": "last_name", "nom": "last_name", "surname": "last_name",
    "family name": "last_name", "email": "email", "e-mail": "email", "email address": "email", "mail": "email",
    "city": "city", "town": "city", "ort": "city", "stadt": "city", "ville": "city", "country": "country",
    "country code": "country", "land": "country", "pays": "country", "postal code": "postal_code", "zip": "postal_code",
    "zip code": "postal_code", "postcode": "postal_code", "plz": "postal_code", "code postal": "postal_code",
    "organisation": "affiliation", "organization": "affiliation", "comment": "comment", "comments": "comment",
    "date": "signed_on", "signed on": "signed_on", "date signed": "signed_on", "signed at": "signed_on",
    "created at": "signed_on",
}  # fmt: skip
LAYOUTS = (
    Layout(
        ImportOrigin.SPEAKOUT,
        (frozenset({"signature id"}), frozenset({"email opt-in", "date signed"})),  # all but the first are translated
        {
            "first name": "first_name", "last name": "last_name", "email address": "email", "city": "city",
            "postal code": "postal_code", "country": "country", "email opt-in": "updates", "date signed": "signed_on",
            "confirmed": "confirmed", "custom message": "comment",
        },
    ),
    Layout(
        ImportOrigin.ACTION_NETWORK,
        (
            frozenset({"can2 user tags"}), frozenset({"can2 subscription status"}), frozenset({"can2 user address"}),
            frozenset({"can2 phone"}), frozenset({"uuid", "zip code"}),
        ),
        {
            "first name": "first_name", "last name": "last_name", "email": "email", "zip code": "postal_code",
            "can2 user city": "city", "country": "country", "can2 subscription status": "updates",
            "comments": "comment", "created at": "signed_on",
        },
        zone="America/New_York", order=MONTH_FIRST,
    ),
    Layout(
        ImportOrigin.CIVICRM,
        (frozenset({"contact id", "first name", "last name"}), frozenset({"internal contact id"})),
        {
            "display name": "name", "first name": "first_name", "last name": "last_name", "email": "email",
            "home-email": "email", "city": "city", "home-city": "city", "postal code": "postal_code",
            "home-postal code": "postal_code", "country": "country", "home-country": "country",
            "current employer": "affiliation", "activity date": "signed_on",
            "no bulk emails (user opt out)": "no_mail", "do not email": "no_mail",
        },
    ),
    Layout(
        ImportOrigin.CHANGE_ORG,
        (frozenset({"name", "city", "postal code", "signed on"}), frozenset({"name", "state", "signed on"})),
        {
            "name": "name", "city": "city", "postal code": "postal_code", "country": "country", "signed on": "signed_on",
        },
        zone="UTC", order=MONTH_FIRST,
    ),
)  # fmt: skip
OTHER = Layout(ImportOrigin.OTHER, (), {})


def recognise(
    headings: Sequence[str], layouts: Sequence[Layout] = LAYOUTS, general: Mapping[str, str] = GENERAL
) -> Recognised:
    """Whose file it is, and which column is what as far as its names tell; of two alike the first counts."""
    names = [plain(heading).replace("_", " ") for heading in headings]
    layout = next((one for one in layouts if one.fits(set(names))), OTHER)
    columns: dict[str, int] = {}
    for known in (layout.columns, general):
        for place, name in enumerate(names):
            if name in known and place not in columns.values():
                columns.setdefault(known[name], place)
    if {"first_name", "last_name"} & columns.keys():  # two columns say more than the one made of them
        columns.pop("name", None)
    return Recognised(layout, columns)
