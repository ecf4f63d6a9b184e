"""The pack as a file: a zip written straight through its seals, so that no list lies in clear on a disk; each file hashed as it
goes by."""

import hashlib
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import pyrage
import pyzipper

LEVEL = 6
Look = Callable[[], None]  # called now and then; what it raises stops the work


class Sink(Protocol):
    def write(self, content: bytes) -> int: ...


@dataclass(frozen=True)
class Packed:
    """A file of the pack, or the pack itself. `document`: its own number, where its format has a place for one."""

    name: str
    media_type: str
    size: int
    digest: bytes
    document: str = ""


class Hashing:
    """Hands on what is written, and knows its size and hash."""

    def __init__(self, sink: Sink) -> None:
        self.sink, self.size, self._running = sink, 0, hashlib.sha256()

    def write(self, content: bytes) -> int:
        self.size += len(content)
        self._running.update(content)
        return self.sink.write(content)

    def flush(self) -> None:
        """zipfile asks for it after each file; what lies below is whole only at its end."""

    def packed(self, name: str, media_type: str, document: str = "") -> Packed:
        return Packed(name, media_type, self.size, self._running.digest(), document)


@dataclass
class Archive:
    """A zip under way. With a password its files are sealed with AES-256 (WinZip's); their names are seen by anybody."""

    sink: Sink
    moment: datetime
    look: Look
    password: str = ""
    files: list[Packed] = field(default_factory=list)

    def __post_init__(self) -> None:
        options: dict[str, Any] = {"compression": zipfile.ZIP_DEFLATED, "compresslevel": LEVEL}
        if self.password:
            self._zip = pyzipper.AESZipFile(self.sink, "w", encryption=pyzipper.WZ_AES, **options)
            self._zip.setpassword(self.password.encode())
        else:
            self._zip = pyzipper.ZipFile(self.sink, "w", **options)

    def add(self, name: str, media_type: str, chunks: Iterable[bytes], document: str = "") -> None:
        entry = self._zip.zipinfo_cls(name, self.moment.timetuple()[:6])
        entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
        with self._zip.open(entry, "w", force_zip64=True) as out:
            hashing = Hashing(out)
            for chunk in chunks:
                self.look()
                hashing.write(chunk)
        self.files.append(hashing.packed(name, media_type, document))

    def close(self) -> None:
        self._zip.close()


def to_age(chunks: Iterator[bytes], recipient: str, sink: Sink) -> None:
    """The content sealed to an age key, in constant memory."""
    reader = _Reader(chunks)
    try:
        pyrage.encrypt_io(reader, sink, [pyrage.x25519.Recipient.from_str(recipient)])
    except pyrage.EncryptError as error:
        raise (reader.stopped or error) from None


class _Reader:
    """An iterator as the file that pyrage wants; it remembers what stopped it, of which pyrage keeps the text only."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._left = chunks, b""
        self.stopped: Exception | None = None

    def read(self, size: int = -1) -> bytes:
        try:
            while not self._left:
                self._left = next(self._chunks)
        except StopIteration:
            return b""
        except Exception as error:
            self.stopped = error
            raise
        given, self._left = self._left[:size], self._left[size:]
        return given
