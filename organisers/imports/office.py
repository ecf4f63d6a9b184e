"""Imports in the office: every act goes into the audit chain, by numbers and never by names."""

from typing import Any

from core import audit
from organisers.imports.files import Rows, Text
from organisers.imports.layouts import recognise
from petitions.imports import inviting, leaving, services
from petitions.imports.models import SignatureImport
from petitions.models import Petition
from petitions.states import ImportOrigin


def make(petition: Petition, text: Text, rows: Rows, *, label: str, country: str, actor: str) -> SignatureImport:
    """A file as it was read, its columns guessed. Raises NotTaken."""
    found = recognise(rows.headings)
    meaning = {
        "columns": found.columns, "zone": found.layout.zone or petition.time_zone, "order": found.layout.order,
        "country": country,
    }  # fmt: skip
    upload = services.Upload(
        found.layout.origin, rows.headings, rows.lines, text.encoding, rows.delimiter, meaning, label
    )
    made = services.make(petition, upload, actor=actor)
    _note("import.made", petition, made, actor, origin=made.origin.value, lines=made.lines)
    return made


def understand(petition: Petition, found: SignatureImport, origin: str, meaning: dict[str, Any], *, actor: str) -> None:
    """Reads its columns otherwise. Raises MovedOn."""
    services.understand(found, meaning, ImportOrigin(origin))
    _note("import.understood", petition, found, actor, columns=sorted(meaning["columns"]))


def start(petition: Petition, found: SignatureImport, *, actor: str) -> None:
    """Raises MovedOn, NotTaken, Busy."""
    services.start(found)
    _note("import.started", petition, found, actor)


def cancel(petition: Petition, found: SignatureImport, *, actor: str) -> None:
    """Raises MovedOn."""
    services.cancel(found)
    _note("import.stopped", petition, found, actor, good=found.good)


def take_back(petition: Petition, found: SignatureImport, *, actor: str) -> None:
    """Raises MovedOn."""
    services.take_back(found)
    _note("import.taken_back", petition, found, actor, good=found.good)


def invite(petition: Petition, found: SignatureImport, *, actor: str) -> None:
    """Has each of them asked once to confirm. Raises MovedOn, NotOpen."""
    inviting.invite(found)
    _note("import.invited", petition, found, actor)


def stop_inviting(petition: Petition, found: SignatureImport, *, actor: str) -> None:
    """Raises MovedOn."""
    inviting.stop(found)
    _note("import.inviting_stopped", petition, found, actor, invited=found.invited)


def remove_line(petition: Petition, found: SignatureImport, line: int, *, actor: str) -> bool:
    """Takes one person out; whether they stood there."""
    removed = leaving.remove(found, line)
    if removed:
        _note("import.line_removed", petition, found, actor)
    return removed


def _note(act: str, petition: Petition, found: SignatureImport, actor: str, **detail: Any) -> None:
    audit.record(act, petition.slug, actor=actor, number=found.id, **detail)


ACTS = {"start": start, "cancel": cancel, "take-back": take_back, "invite": invite, "stop-inviting": stop_inviting}
