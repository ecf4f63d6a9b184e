"""What a recipient is given of each signatory: number, name, role and organisation, country, date; nothing else, ever."""

from collections.abc import Iterator
from itertools import count

from flask_babel import gettext as _

from core import countries
from core.tables import Row
from petitions.list_services import counted_only, signatures_for, withheld
from petitions.services import get


def header() -> Row:
    return (_("No."), _("Name"), _("Role, organisation"), _("Country"), _("Signed on"))


def rows(petition_id: int) -> Iterator[Row]:
    """One row for each who agreed that the recipient sees the name, oldest first; then how many are not named.

    The last row is always there, so that a file that broke off can be told from a whole one. The petition is loaded
    when the first row is asked for: a response is streamed after its request, and with another database session."""
    petition = get(petition_id)
    names: dict[str, str] = {}
    for number, line in zip(count(1), signatures_for(petition), strict=False):
        if line.country not in names:
            names[line.country] = countries.name_of(line.country)
        about = ", ".join(part for part in (line.role, line.affiliation) if part)
        yield (number, line.name, about, names[line.country], line.signed_on.isoformat())
    if others := withheld(petition):
        yield ("", _("Signed while the letter went to other recipients, not named here:"), others, "", "")
    yield ("", _("Signed as well, to be counted without a name:"), counted_only(petition), "", "")
