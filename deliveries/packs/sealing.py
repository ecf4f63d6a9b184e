"""Files sealed piece by piece: AES-256-GCM in chunks of 1 MB with counter nonces, the last one marked, so that a file of any
size is written and read in constant memory and one that was cut short is noticed.

Each key seals one file only, so no nonce is ever used twice."""

from collections.abc import Iterator
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

CHUNK = 1024 * 1024
TAG = 16
MORE, LAST = b"\0", b"\1"


class Damaged(Exception):
    """The file was changed, or cut short, or is sealed with another key."""


class Sealing:
    """Takes bytes like a file, and writes them sealed; only `finish` makes a whole file of it."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        self.file = file
        self._cipher = AESGCM(key)
        self._waiting = bytearray()
        self._count = 0

    def write(self, content: bytes) -> int:
        self._waiting += content
        while len(self._waiting) > CHUNK:
            self._seal(bytes(self._waiting[:CHUNK]), MORE)
            del self._waiting[:CHUNK]
        return len(content)

    def flush(self) -> None:
        """A chunk is written when it is full; what zipfile asks for after each file changes nothing."""

    def finish(self) -> None:
        self._seal(bytes(self._waiting), LAST)
        self._waiting.clear()

    def _seal(self, plain: bytes, mark: bytes) -> None:
        self.file.write(self._cipher.encrypt(self._count.to_bytes(12, "big"), plain, mark))
        self._count += 1


def unsealed(file: BinaryIO, key: bytes) -> Iterator[bytes]:
    """The content of a sealed file, chunk by chunk. Raises Damaged."""
    cipher, count = AESGCM(key), 0
    chunk = file.read(CHUNK + TAG)
    while True:
        following = file.read(CHUNK + TAG)
        try:
            yield cipher.decrypt(count.to_bytes(12, "big"), chunk, MORE if following else LAST)
        except (InvalidTag, ValueError) as error:
            raise Damaged(f"chunk {count}") from error
        if not following:
            return
        chunk, count = following, count + 1
