"""The keystore's own backup: a tar inside age encryption, to a key that is kept off this machine.

age is pyrage's (the Rust implementation of age); what it writes, the `age` program opens."""

import io
import os
import secrets
import tarfile
from pathlib import Path

import pyrage

from config import Settings


class RecipientRefused(ValueError):
    """Not an age public key."""


def write(settings: Settings, recipient: str, path: Path) -> int:
    """Writes keys, journal and settings.env, whole or not at all; how many files. Never in clear on any disk."""
    try:
        to = pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError:
        raise RecipientRefused(recipient) from None
    names = [
        *sorted(settings.keystore.glob("*.json")),
        settings.keystore / "journal.log",
        settings.data / "settings.env",
    ]
    files = [file for file in names if file.is_file()]
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for file in files:
            archive.add(file, str(file.relative_to(settings.data)), filter=_anonymous)
    draft = path.with_name(f".{secrets.token_hex(8)}.draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(pyrage.encrypt(packed.getvalue(), [to]))
        out.flush()
        os.fsync(out.fileno())
    draft.replace(path)
    return len(files)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member
