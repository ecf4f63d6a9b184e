"""The copy of a pack that lies ready for a clerk: sealed under a key that only the mailed link and the told code make.

So a server that holds no key can hand it out, and whoever takes the file away has nothing. The pieces are those of
`packs.sealing`, after a salt of the file's own: a copy that is made again is sealed with another key."""

import io
import os
import secrets
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

from deliveries.packs.sealing import CHUNK, LAST, MORE, TAG, Damaged, Sealing

SALT = 32
WHOLE = CHUNK + TAG


def folder() -> Path:
    """Where the copies lie. A public server on another machine needs this folder, and nothing else of the data folder."""
    path: Path = current_app.config["UNDERSIGNED"].data / "clerk"
    path.mkdir(parents=True, exist_ok=True, mode=0o750)
    return path


def path_of(public_id: str) -> Path:
    return folder() / public_id


def sealed(key: bytes, content: Iterable[bytes]) -> Iterator[bytes]:
    """The file's bytes."""
    salt = secrets.token_bytes(SALT)
    yield salt
    waiting = io.BytesIO()
    sealing = Sealing(waiting, _key(key, salt))
    for piece in content:
        sealing.write(piece)
        yield waiting.getvalue()
        waiting.seek(0)
        waiting.truncate()
    sealing.finish()
    yield waiting.getvalue()


class Copy(io.RawIOBase):
    """A copy, read as if it were plain, from any place. Raises FileNotFoundError, Damaged."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._file = path.open("rb")
        body = os.fstat(self._file.fileno()).st_size - SALT
        self._count, self._place = max(1, -(-body // WHOLE)), 0
        self.size = body - self._count * TAG
        self._cipher = AESGCM(_key(key, self._file.read(SALT)))
        self._kept = (0, self._open(0))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._place = max(0, offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self.size}[whence])
        return self._place

    def readinto(self, buffer: Any) -> int:
        if self._place >= self.size:
            return 0
        number, within = divmod(self._place, CHUNK)
        piece = self._chunk(number)[within : within + len(buffer)]
        buffer[: len(piece)] = piece
        self._place += len(piece)
        return len(piece)

    def chunks(self) -> Iterator[bytes]:
        """All of it, from the beginning; closes the file."""
        with self:
            for number in range(self._count):
                yield self._chunk(number)

    def close(self) -> None:
        self._file.close()
        super().close()

    def _chunk(self, number: int) -> bytes:
        if self._kept[0] != number:
            self._kept = (number, self._open(number))
        return self._kept[1]

    def _open(self, number: int) -> bytes:
        self._file.seek(SALT + number * WHOLE)
        mark = LAST if number == self._count - 1 else MORE
        try:
            return self._cipher.decrypt(number.to_bytes(12, "big"), self._file.read(WHOLE), mark)
        except (InvalidTag, ValueError) as error:
            self._file.close()
            raise Damaged(f"chunk {number}") from error


def _key(key: bytes, salt: bytes) -> bytes:
    return blake2b(salt, key=key, digest_size=32, person=b"clerk copy").digest()
