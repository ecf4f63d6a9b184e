"""How a leaf of the public log is made: HMAC-SHA-256 over a line, under keys that come from the salt of its sealed row.

Each value of the line is marked under a key of its own, and the leaf is made of the marks: so a list that leaves a column out
gives that column's mark instead of its key, and everybody can still find the line in the log, but nobody can try values out."""

import hmac
from collections.abc import Container, Sequence
from dataclasses import dataclass

VERSION = "undersigned/log/v1"
LOGGED = ("name", "role", "affiliation", "country_code", "signed_on")  # what a line is, in this order
ADD, REMOVE = "add", "remove"
LEAF = 32  # bytes


@dataclass(frozen=True)
class Bound:
    """What a leaf binds a line to: the petition's and the signature's public ids, and the hash of the text agreed to."""

    petition: str
    signature: str
    text: str


def secret_of(salt: str, episode: bytes, act: str = ADD) -> bytes:
    """The secret of one line's stay in the log. `salt`: 32 bytes as hex, from the sealed row; `episode`: 16 random bytes.

    A pack tells that of ADD only: a removal cannot be linked by whoever holds a list."""
    return _mac(bytes.fromhex(salt), _framed(VERSION, act, episode.hex()))


def marks_of(secret: bytes, values: Sequence[str]) -> list[bytes]:
    """The mark of each value, in the order of LOGGED."""
    return [mark(column_key(secret, column), value) for column, value in zip(LOGGED, values, strict=True)]


def column_key(secret: bytes, column: str) -> bytes:
    """The key that opens one column of one line, and no other."""
    return _mac(secret, COLUMN_FRAMES[column])


def mark(key: bytes, value: str) -> bytes:
    return _mac(key, value.encode())


def leaf_key(secret: bytes) -> bytes:
    """The key of the leaf itself."""
    return _mac(secret, LEAF_FRAME)


def leaf(key: bytes, bound: Bound, marks: Sequence[bytes], act: str = ADD) -> bytes:
    """32 bytes for the log."""
    return _mac(key, _framed(VERSION, bound.petition, act, bound.signature, bound.text) + b"".join(marks))


def proof(secret: bytes, values: Sequence[str], shown: Container[str]) -> dict[str, str]:
    """What a pack gives for one line, as hex: its secret where the list shows the whole line; else the leaf's key, the keys of
    the columns that it shows, and the marks of the others."""
    if all(column in shown for column in LOGGED):
        return {"secret": secret.hex()}
    told = {"leaf": leaf_key(secret).hex()}
    for column, value in zip(LOGGED, values, strict=True):
        key = column_key(secret, column)
        told[column] = (key if column in shown else mark(key, value)).hex()
    return told


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _framed(*parts: str) -> bytes:
    """The parts, each after four bytes of its length."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


COLUMN_FRAMES = {column: _framed("column", column) for column in LOGGED}
LEAF_FRAME = _framed("leaf")
