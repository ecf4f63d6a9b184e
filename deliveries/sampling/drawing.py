"""Which lines a seed draws: SHA-256 in counter mode, so that anybody can draw them again with a few lines of their own."""

from hashlib import sha256
from itertools import count

VERSION = "undersigned/sample/v1"
SPAN = 1 << 64  # what the first eight bytes of a hash can say


def draw(seed: str, *, delivery: str, size: int, lines: int) -> list[int]:
    """`size` different numbers of lines, from 1 to `lines`, in order. `delivery`: its public id.

    The size is hashed too: else two samples of one seed would differ by the lines of one or two people."""
    if size > lines:
        raise ValueError("more lines than there are")
    fair = SPAN - SPAN % lines  # a value beyond would favour the low numbers
    drawn: set[int] = set()
    for counter in count():
        block = sha256(f"{VERSION}\n{delivery}\n{size}\n{seed}\n{counter}".encode()).digest()
        value = int.from_bytes(block[:8], "big")
        if value < fair:
            drawn.add(value % lines + 1)
        if len(drawn) == size:
            return sorted(drawn)
    raise AssertionError("a counter has no end")
