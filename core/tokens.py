"""Tokens: what a form carries, what a mail's link carries, and what an address bar may carry without telling anything."""

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app

from core import clock

FORM_BUCKET = 300  # seconds: all pages of five minutes carry one token, so that their ETags hold
FORM_AGE = timedelta(hours=24)


class TokenError(ValueError):
    """A token that is not ours, was changed, or is too old."""


@lru_cache(maxsize=64)
def _derive(secret: str, purpose: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"undersigned/" + purpose.encode()).derive(secret.encode())


def key_for(purpose: str) -> bytes:
    """A 32-byte key of its own for each purpose, from SECRET_KEY (HKDF-SHA-256)."""
    return _derive(current_app.config["UNDERSIGNED"].secret_key, purpose)


def keyed_hash(purpose: str, text: str) -> bytes:
    """HMAC-SHA-256 of a text under that purpose's key."""
    return hmac.digest(key_for(purpose), text.encode(), "sha256")


def form_token() -> str:
    """The token of a public form: the same for everybody for five minutes; it bounds the form's age, nothing else."""
    bucket = int(clock.now().timestamp()) // FORM_BUCKET
    return f"{bucket}.{_form_mark(bucket)}"


def check_form_token(token: str) -> None:
    """Raises TokenError unless the token was made here within the last 24 hours."""
    bucket, _, mark = token.partition(".")
    if not bucket.isascii() or not bucket.isdigit() or len(bucket) > 12:
        raise TokenError("form token")
    if not hmac.compare_digest(mark.encode(errors="replace"), _form_mark(int(bucket)).encode()):
        raise TokenError("form token")
    age = clock.now().timestamp() - int(bucket) * FORM_BUCKET
    if not -FORM_BUCKET <= age <= FORM_AGE.total_seconds() + FORM_BUCKET:
        raise TokenError("form token too old")


def _form_mark(bucket: int) -> str:
    return _mark(key_for("form"), bucket)


@lru_cache(maxsize=1024)  # more than the buckets of a day
def _mark(key: bytes, bucket: int) -> str:
    return urlsafe_b64encode(hmac.digest(key, str(bucket).encode(), "sha256")[:16]).decode().rstrip("=")


def new_secret() -> str:
    """256 random bits for a link in a mail."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """What the database keeps of a link's secret: its SHA-256."""
    return hashlib.sha256(secret.encode()).digest()


def seal_query(purpose: str, values: dict[str, Any], *, after: str = "") -> str:
    """Values encrypted for an address bar (AES-256-GCM), with the time they were sealed; `after` another token: with its
    time, so that nobody prolongs one by using it."""
    sealed_at = _open(purpose, after)[0] if after else int(clock.now().timestamp())
    plain = json.dumps([sealed_at, values], ensure_ascii=False).encode()
    plain += b" " * (-len(plain) % 128)
    nonce = secrets.token_bytes(12)
    return (
        urlsafe_b64encode(nonce + AESGCM(key_for(purpose)).encrypt(nonce, plain, purpose.encode())).decode().rstrip("=")
    )


def open_query(purpose: str, token: str, *, age: timedelta) -> dict[str, Any]:
    """The values of seal_query; TokenError when changed, of another purpose, or older than `age`."""
    sealed_at, values = _open(purpose, token)
    if clock.now().timestamp() - sealed_at > age.total_seconds():
        raise TokenError(f"{purpose} too old")
    return values


def _open(purpose: str, token: str) -> tuple[int, dict[str, Any]]:
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
        sealed_at, values = json.loads(AESGCM(key_for(purpose)).decrypt(raw[:12], raw[12:], purpose.encode()))
    except (InvalidTag, ValueError, UnicodeError) as error:
        raise TokenError(purpose) from error
    return sealed_at, dict(values)
