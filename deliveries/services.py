"""Handing over: a petition's signatures as a file, each export a link of the audit chain."""

from collections.abc import Iterator

from flask_babel import force_locale, get_locale
from flask_babel import gettext as _

from core import audit
from core.db import db
from core.formats import Format
from core.hands import in_order
from core.streams import frozen
from core.tables import Row
from deliveries import columns, formats
from petitions.list_services import Counts, Slice, counts, signatures_for, slices_of
from petitions.models import Petition
from petitions.services import get

TAIL = 2  # rows at most
LONG = 50_000  # lines; below that several processes gain nothing
SLICE = 20_000  # lines that one of them reads at a time


def export(petition: Petition, format_name: str, *, actor: str, hands: int = 1) -> Iterator[bytes]:
    """Records the export, and gives the file's bytes, which are read from the database as they are asked for.

    The caller commits before it takes the first byte: no list leaves without its entry. `format_name`: a key of FORMATS.
    `hands`: processes that may share the work on a long list. Raises TooManyRows."""
    found = counts(petition)
    chosen = formats.check(format_name, found.listed + TAIL)
    record(petition, format_name, found, actor=actor)
    several = hands > 1 and found.listed > LONG and chosen.part and db.engine.dialect.name == "postgresql"
    if several and not petition.invited_only:  # theirs is an order of its own
        return _written_by_several(petition.id, found, chosen, hands)
    return chosen.write(columns.header(), _rows(petition.id, found))


def record(petition: Petition, format_name: str, found: Counts, *, actor: str) -> None:
    """The entry of the audit chain."""
    detail = {"format": format_name, "rows": found.listed, "counted": found.counted, "withheld": found.withheld}
    audit.record("petition.exported", petition.slug, actor=actor, **detail)


def _written_by_several(petition_id: int, found: Counts, chosen: Format, hands: int) -> Iterator[bytes]:
    """The same bytes as `chosen.write` gives, from processes that read, open and write a slice of the list each."""
    assert chosen.part
    language, part = str(get_locale()), chosen.part
    with frozen() as snapshot:

        def written(piece: Slice) -> bytes:
            lines = signatures_for(get(petition_id), piece.criteria, snapshot=snapshot)
            with force_locale(language):
                return part(list(columns.rows(lines, first=piece.first)))

        yield from chosen.write(columns.header(), ())
        yield from in_order(written, slices_of(get(petition_id), size=SLICE, snapshot=snapshot), hands=hands)
    yield part(list(tail(found.withheld, found.counted)))


def _rows(petition_id: int, found: Counts) -> Iterator[Row]:
    """One row for each who agreed that the recipient sees the name, oldest first; then how many are not named."""
    yield from columns.rows(signatures_for(get(petition_id)))
    yield from tail(found.withheld, found.counted)


def tail(others: int, counted: int, width: int = len(columns.ALL)) -> Iterator[Row]:
    """How many are not named. The last row is always there, so that a file that broke off can be told from a whole one."""
    rest = ("",) * (width - 3)
    if others:
        yield ("", _("Signed while the letter went to other recipients, not named here:"), others, *rest)
    yield ("", _("Signed as well, to be counted without a name:"), counted, *rest)
