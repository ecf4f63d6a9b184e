"""The keystore: a folder of private keys outside the database and its backups, and the journal of erasures beside it."""

import contextlib
import json
import os
import secrets
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from nacl.public import PrivateKey
from nacl.signing import SigningKey

KEY_DESTROYED = "key-destroyed"


class KeyMissing(Exception):
    """A private key is not in this keystore: what was sealed to it cannot be read."""


@dataclass(frozen=True)
class ScopeKey:
    """The private side of one scope: opens data keys, and makes blind indexes of addresses."""

    key_id: str
    private: PrivateKey
    index_key: bytes


class Keystore:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._stamp: tuple[int, ...] = ()
        self._derived: dict[str, bytes] = {}  # by purpose: a mailing asks for one some times a mail

    @property
    def site_file(self) -> Path:
        return self.folder / "site.json"

    @property
    def journal_file(self) -> Path:
        return self.folder / "journal.log"

    def create_site_key(self) -> None:
        """Makes the Ed25519 site key unless there is one; of several processes that start together the first wins."""
        if not self.site_file.exists():
            with contextlib.suppress(FileExistsError):
                self._write(self.site_file, {"seed": b64encode(bytes(SigningKey.generate())).decode()})

    def site_key(self) -> SigningKey:
        return SigningKey(b64decode(self._read(self.site_file)["seed"]))

    def site_public_key(self) -> str:
        """The site key's public half, base64: the setting SITE_PUBLIC_KEY."""
        return b64encode(bytes(self.site_key().verify_key)).decode()

    def key_for(self, purpose: str) -> bytes:
        """A 32-byte key of its own for each purpose, from the site key (HKDF-SHA-256); it outlives every scope."""
        if self._stamp != (stamp := self._stamp_of_site_file()):
            self._stamp, self._derived = stamp, {}
        if purpose not in self._derived:
            info = b"undersigned/" + purpose.encode()
            self._derived[purpose] = HKDF(SHA256(), 32, salt=None, info=info).derive(bytes(self.site_key()))
        return self._derived[purpose]

    def _stamp_of_site_file(self) -> tuple[int, ...]:
        """Tells the site key's file from another that took its place; empty where there is none."""
        with contextlib.suppress(FileNotFoundError):
            found = self.site_file.stat()
            return found.st_ino, found.st_mtime_ns, found.st_size
        return ()

    def create_scope_key(self, *, after: str | None = None, same_index: bool = False) -> ScopeKey:
        """A new X25519 pair and index key, written to disk before anything can be sealed to them.

        `after`: the key whose place it takes, so that a restored backup finds it; `same_index`: it goes on with that one's
        index key."""
        key_id, private, index_key = secrets.token_hex(8), PrivateKey.generate(), secrets.token_bytes(32)
        content: dict[str, Any] = {"private": b64encode(bytes(private)).decode()}
        if after is not None:
            before = self._read(self._scope_file(after))
            index_key = b64decode(before["index"]) if same_index else index_key
            content["after"] = [*before.get("after", ()), after]
            content["index_of"] = [*before.get("index_of", ()), after] if same_index else []
        self._write(self._scope_file(key_id), {**content, "index": b64encode(index_key).decode()})
        return ScopeKey(key_id, private, index_key)

    def scope_key(self, key_id: str) -> ScopeKey:
        content = self._read(self._scope_file(key_id))
        return ScopeKey(key_id, PrivateKey(b64decode(content["private"])), b64decode(content["index"]))

    def holds(self, key_id: str) -> bool:
        return self._scope_file(key_id).exists()

    def successor(self, key_id: str) -> tuple[str, bool] | None:
        """The newest key here that took this one's place, at whatever remove, and whether it goes on with its index key."""
        found: list[tuple[int, str, bool]] = []
        for path in self.folder.glob("scope-*.json"):
            content = self._read(path)
            if key_id in content.get("after", ()):
                own_id = path.stem.removeprefix("scope-")
                found.append((len(content["after"]), own_id, key_id in content["index_of"]))
        return max(found)[1:] if found else None

    def destroy(self, key_id: str) -> None:
        """Journals the end of a scope's private half and removes its file; a repeated call changes nothing.

        It is not overwritten first: SSDs and copy-on-write file systems would put the zeros elsewhere."""
        path = self._scope_file(key_id)
        if path.exists():
            self.write_journal(KEY_DESTROYED, key_id)
            for draft in self.folder.glob(
                "*.draft"
            ):  # whoever was killed while making the key left a second name for it
                if draft.samefile(path):
                    draft.unlink()
            path.unlink(missing_ok=True)
            self._sync()

    def write_journal(self, act: str, public_id: str) -> None:
        """Appends an act on an opaque id, so that `restore` can repeat erasures and withdrawals after an old backup."""
        descriptor = os.open(self.journal_file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "a") as file:
            file.write(f"{act} {public_id}\n")
            file.flush()
            os.fsync(file.fileno())
        self._sync()

    def read_journal(self) -> Iterator[tuple[str, str]]:
        if self.journal_file.exists():
            for line in self.journal_file.read_text().splitlines():
                act, _, public_id = line.partition(" ")
                yield act, public_id

    def _scope_file(self, key_id: str) -> Path:
        return self.folder / f"scope-{key_id}.json"

    def _sync(self) -> None:
        """Names in a folder are durable once the folder itself is."""
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _read(self, path: Path) -> dict[str, Any]:
        try:
            return dict(json.loads(path.read_text()))
        except FileNotFoundError:
            raise KeyMissing(f"{path.name} is not in the keystore") from None

    def _write(self, path: Path, content: dict[str, Any]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_name(f"{secrets.token_hex(8)}.draft")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)  # unlike a rename this never replaces a key
        finally:
            draft.unlink()
        self._sync()
