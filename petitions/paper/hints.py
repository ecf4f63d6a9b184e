"""Hints before lines from paper are stored: who has signed already by the address, and who may have by name and country."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from core.streams import stream
from petitions.abuse.likeness import name_key
from petitions.models import Petition, Signature
from petitions.paper.services import PaperLine, disowned, indexes_of, signed
from petitions.persons import opener
from petitions.states import Method, SignatureState

COMPARED = 200_000  # signatures of the lines' countries, the newest first: about two seconds

Key = tuple[str, str]


class LookAlike(NamedTuple):
    """What a line resembles: a signature that stands, or an earlier line of the same sending by its place."""

    method: Method | None = None
    signed_at: datetime | None = None
    place: int | None = None


def known_addresses(petition: Petition, lines: Sequence[PaperLine]) -> set[int]:
    """The places of lines whose address has signed, has said that it never did, or stands on an earlier line."""
    indexes = indexes_of(petition, lines)
    seen = signed(petition, indexes) | disowned(petition, indexes)
    known = set()
    for place, index in enumerate(indexes):
        if index is not None and index in seen:
            known.add(place)
        elif index is not None:
            seen.add(index)
    return known


def look_alikes(petition: Petition, lines: Sequence[PaperLine], *, without: set[int]) -> dict[int, LookAlike]:
    """Place → what stands there already under the same name and country; places in `without` are not looked at."""
    keys = {place: key_of(line.name, line.country) for place, line in enumerate(lines) if place not in without}
    standing = dict(_standing(petition, set(keys.values())))
    found: dict[int, LookAlike] = {}
    first: dict[Key, int] = {}
    for place, key in keys.items():
        if key in standing:
            found[place] = standing[key]
        elif key in first:
            found[place] = LookAlike(place=first[key])
        first.setdefault(key, place)
    return found


def key_of(name: str, country: str) -> Key:
    """The same for names that a reader would take for one."""
    return name_key(name), country


def _standing(petition: Petition, wanted: set[Key]) -> Iterator[tuple[Key, LookAlike]]:
    open_row = opener(petition)
    for key_id, data_key_id, blob, public_id, country, method, signed_at in stream(_query(petition, wanted)):
        key = key_of(open_row(str(key_id), str(data_key_id), blob, public_id)["name"], country)
        if key in wanted:
            yield key, LookAlike(method, signed_at)


def _query(petition: Petition, wanted: set[Key]) -> Any:
    columns = (
        Signature.key_id, Signature.data_key_id, Signature.blob, Signature.public_id, Signature.country, Signature.method,
        Signature.signed_at,
    )  # fmt: skip
    theirs = (Signature.petition_id == petition.id, Signature.state == SignatureState.VALID)
    there = (Signature.blob.is_not(None), Signature.country.in_({country for _, country in wanted}))
    return select(*columns).where(*theirs, *there).order_by(Signature.id.desc()).limit(COMPARED)
