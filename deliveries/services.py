"""Handing over: a petition's signatures as a file, each export a link of the audit chain."""

from collections.abc import Iterator

from core import audit
from deliveries import columns
from deliveries.formats import FORMATS
from petitions.list_services import counted_only, listed, withheld
from petitions.models import Petition


def export(petition: Petition, format_name: str, *, actor: str) -> Iterator[bytes]:
    """Records the export, and gives the file's bytes, which are read from the database as they are asked for.

    The caller commits before it takes the first byte: no list leaves without its entry. `format_name`: a key of FORMATS."""
    detail = {
        "format": format_name,
        "rows": listed(petition),
        "counted": counted_only(petition),
        "withheld": withheld(petition),
    }
    audit.record("petition.exported", petition.slug, actor=actor, **detail)
    return FORMATS[format_name].write(columns.header(), columns.rows(petition.id))
