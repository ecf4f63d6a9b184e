"""What is sent to be checked: a file that is hashed as it arrives, or the hash that a script has made of it."""

import hashlib
import io
import re
from dataclasses import dataclass
from typing import Any

from flask import Request
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

from core.guards import FORM_LIMIT

LARGEST = 16 * 1024 * 1024  # bytes of a file that is sent here
MOST_PARTS = 20
SHA256 = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)
MULTIPART = "multipart/form-data"


class BadCheck(ValueError):
    """What was sent cannot be checked; the text says what to do. `code`, `delivery`: what else the form held."""

    def __init__(self, sentence: str, code: str = "", delivery: str = "") -> None:
        super().__init__(sentence)
        self.code, self.delivery = code, delivery


class Hashing:
    """Where an upload goes: each part of it is hashed and forgotten."""

    def __init__(self, **about: Any) -> None:
        self._digest, self.size = hashlib.sha256(), 0

    def write(self, part: bytes) -> int:
        self.size += len(part)
        if self.size > LARGEST:
            raise RequestEntityTooLarge
        self._digest.update(part)
        return len(part)

    def seek(self, place: int) -> int:
        """There is nothing to go back to."""
        return place

    def digest(self) -> bytes:
        return self._digest.digest()


@dataclass(frozen=True)
class Asked:
    """`digest`: the file's SHA-256, if there is a file; `hashed_there`: the browser made it; `delivery`: whose page asked."""

    digest: bytes | None
    hashed_there: bool
    code: str
    delivery: str


def read(request: Request) -> Asked:
    """What somebody wants checked. Raises BadCheck; RequestEntityTooLarge where it is too much."""
    fields, files = _parsed(request)
    code, delivery = fields.get("code", "").strip()[:100], fields.get("delivery", "")[:100]
    try:
        of_file, sent = _of_file(files), _sent(fields)
    except BadCheck as error:
        raise BadCheck(str(error), code, delivery) from None
    digest = of_file or sent
    if digest is None and not (code and delivery):
        raise BadCheck(_("Choose the file that you want to check, as you received it."), code, delivery)
    return Asked(digest, of_file is None and sent is not None, code, delivery)


def _of_file(files: MultiDict[str, Any]) -> bytes | None:
    """The SHA-256 of the one file that was sent, if one was. Raises BadCheck."""
    sent = [(name, file.stream) for name, file in files.items(multi=True) if file.filename or file.stream.size]
    if len(sent) > 1:
        raise BadCheck(_("Send one file at a time."))
    if not sent:
        return None
    name, stream = sent[0]
    if name != "file":
        raise BadCheck(_("The file came in a field that this form does not have. Send it in the field “file”."))
    return bytes(stream.digest())


def _sent(fields: MultiDict[str, str]) -> bytes | None:
    """The SHA-256 that was sent instead of a file, if one was. Raises BadCheck."""
    given = fields.get("sha256", "").strip()
    if given and not SHA256.fullmatch(given):
        raise BadCheck(_("A SHA-256 has 64 digits, 0 to 9 and a to f. Copy the whole of it."))
    return bytes.fromhex(given) if given else None


def _parsed(request: Request) -> tuple[MultiDict[str, str], MultiDict[str, Any]]:
    """Fields and files of the body, which is read once, in small parts, and kept nowhere. Raises BadCheck."""
    parser = FormDataParser(
        stream_factory=Hashing, max_form_memory_size=FORM_LIMIT, max_form_parts=MOST_PARTS, silent=False,  # type: ignore[arg-type]
    )  # fmt: skip
    body: Any = request.stream
    try:
        if request.mimetype != MULTIPART:  # such a body is read at once
            raw = body.read(FORM_LIMIT + 1)
            if len(raw) > FORM_LIMIT:
                raise RequestEntityTooLarge
            body = io.BytesIO(raw)
        _rest, fields, files = parser.parse(body, request.mimetype, request.content_length, request.mimetype_params)
    except (ClientDisconnected, ValueError):
        raise BadCheck(_("The file did not arrive whole. Send it once more.")) from None
    return fields, files
