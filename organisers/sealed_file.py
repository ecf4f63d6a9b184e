"""A file's text on its way between two pages: sealed in the form, stored nowhere."""

import secrets
import zlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import timedelta

from core.tokens import open_query, seal_query

AGE = timedelta(hours=4)


@dataclass(frozen=True)
class SealedFile:
    """`once` names the import, so that it happens once. `purpose` binds it to what it is for, and to its organiser."""

    text: str
    once: str

    @classmethod
    def of(cls, text: str) -> "SealedFile":
        return cls(text, secrets.token_urlsafe(16))

    @classmethod
    def open(cls, sealed: str, purpose: str) -> "SealedFile":
        """Raises TokenError for one that is too old, of another purpose or of another organiser."""
        values = open_query(purpose, sealed, age=AGE)
        return cls(zlib.decompress(b64decode(values["file"])).decode(), values["once"])

    def sealed(self, purpose: str) -> str:
        packed = b64encode(zlib.compress(self.text.encode())).decode()
        return seal_query(purpose, {"file": packed, "once": self.once})
