"""Frozen lines between the one look at the database and the files that are made of them: on disk, sealed with a key that only
this process's memory has."""

import json
import secrets
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import NamedTuple

from deliveries.packs.sealing import Sealing, unsealed
from petitions.list_services import SignatureLine

DAY = SignatureLine._fields.index("signed_on")
LINE_PART = 50_000


class Proven(NamedTuple):
    """A line and its episode in the public log."""

    line: SignatureLine
    episode: bytes


@dataclass
class Spool:
    """`first` lines come before the others. `ids` are those of the signatures, in the order of the list."""

    path: Path
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    first: list[Proven] = field(default_factory=list)
    count: int = 0

    def fill(self, others: Iterator[Proven]) -> None:
        with self.path.open("wb") as file:
            sealing = Sealing(file, self.key)
            for proven in others:
                self.count += 1
                sealing.write(_encoded(proven))
            sealing.finish()

    def __len__(self) -> int:
        return len(self.first) + self.count

    def lines(self) -> Iterator[Proven]:
        """Every line, the same in every reading."""
        yield from self.first
        with self.path.open("rb") as file:
            rest = b""
            for chunk in unsealed(file, self.key):
                *whole, rest = (rest + chunk).split(b"\n")
                yield from map(_decoded, whole)

    def numbered(self) -> Iterator[tuple[int, Proven]]:
        """The lines with their numbers, from 1."""
        return enumerate(self.lines(), 1)


def line_parts(ids: "array[int]") -> Iterator[tuple[int, bytes]]:
    """The ids of the signatures in line order, eight bytes each, big end first: the number of a part's first line, the part."""
    for start in range(0, len(ids), LINE_PART):
        part = ids[start : start + LINE_PART]
        yield start + 1, b"".join(signature_id.to_bytes(8, "big") for signature_id in part)


def _encoded(proven: Proven) -> bytes:
    values = list(proven.line)
    values[DAY] = proven.line.signed_on.isoformat()
    return json.dumps([proven.episode.hex(), *values], ensure_ascii=False).encode() + b"\n"


def _decoded(raw: bytes) -> Proven:
    episode, *values = json.loads(raw)
    values[DAY] = date.fromisoformat(values[DAY])
    return Proven(SignatureLine(*values), bytes.fromhex(episode))
