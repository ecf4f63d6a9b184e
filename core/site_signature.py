"""What this site signs with its Ed25519 key: statements, each bound to what it is about, and notes in the C2SP format.

A statement's bytes begin with a length, so with a zero byte, a note with a name: neither can pass for the other."""

import hashlib
from base64 import b64decode, b64encode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from core.vault import vault

NOTE_ED25519 = b"\x01"  # the signature type of C2SP's signed-note


def sign(context: str, message: bytes) -> bytes:
    """The 64-byte signature over the length-prefixed context and the exact bytes; needs the keystore."""
    return bytes(vault().keystore.site_key().sign(bound(context, message)).signature)


def verifies(public_key: bytes, context: str, message: bytes, signature: bytes) -> bool:
    """Whether that key signed exactly this, as this."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, bound(context, message))
    except (InvalidSignature, ValueError):
        return False
    return True


def bound(context: str, message: bytes) -> bytes:
    """What is signed: four bytes of the context's length, the context, the message."""
    return len(context.encode()).to_bytes(4, "big") + context.encode() + message


def public_key() -> bytes:
    """The site key's public half, 32 bytes; every role knows it."""
    return vault().site_public_key


def fingerprint(key: bytes) -> str:
    """SHA-256 of the public key, 64 hexadecimal digits; pages show its first half in groups of four (`in_groups`)."""
    return hashlib.sha256(key).hexdigest()


def in_groups(digits: str) -> str:
    """The first 32 digits in groups of four, to compare by eye or by telephone."""
    return " ".join(digits[start : start + 4] for start in range(0, 32, 4))


def signed_note(name: str, text: str) -> str:
    """A note with this site's signature line; `text` ends with a newline, `name` has no space. Source: C2SP signed-note."""
    key = public_key()
    signature = bytes(vault().keystore.site_key().sign(text.encode()).signature)
    return f"{text}\n— {name} {b64encode(_note_key_id(name, key) + signature).decode()}\n"


def note_text(note: str, name: str, key: bytes) -> str | None:
    """The text of a note that this key signed under this name; None for any other."""
    text, _, lines = note.partition("\n\n")
    text += "\n"
    for line in lines.splitlines():
        mark, _, rest = line.partition(" ")
        signer, _, encoded = rest.partition(" ")
        if mark == "—" and signer == name and _signed(text, name, key, encoded):
            return text
    return None


def _signed(text: str, name: str, key: bytes, encoded: str) -> bool:
    try:
        raw = b64decode(encoded, validate=True)
        Ed25519PublicKey.from_public_bytes(key).verify(raw[4:], text.encode())
    except (InvalidSignature, ValueError):
        return False
    return raw[:4] == _note_key_id(name, key)


def _note_key_id(name: str, key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + NOTE_ED25519 + key).digest()[:4]
