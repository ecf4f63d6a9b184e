"""A pack is written: into a sealed draft beside its place, under a key that nobody else has yet."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from core import clock
from deliveries import asking
from deliveries.documents.facts import Facts, facts_of
from deliveries.models import Delivery
from deliveries.packs import files, manifest, store
from deliveries.packs.archive import Archive, Hashing, Packed, Sink, to_age
from deliveries.packs.freezing import Frozen, freeze
from deliveries.packs.progress import Progress
from deliveries.packs.sealing import Sealing, unsealed
from deliveries.states import Protection

CODE_LETTERS, CODE_LENGTH = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 12
JSON, SIGNATURE, ZIP, AGE = (
    "application/json",
    "application/octet-stream",
    "application/zip",
    "application/octet-stream",
)


@dataclass(frozen=True)
class Pack:
    """A whole pack and all that is to be said about it. `secret`: what is sealed into the delivery's row."""

    draft: Path
    secret: dict[str, str]
    made_at: datetime
    frozen: Frozen
    facts: Facts
    manifest: str
    signature: bytes
    files: tuple[Packed, ...]  # the pack itself first


def write(found: Delivery, folder: Path, progress: Progress) -> Pack:
    """`folder`: for drafts, emptied by the caller. Raises Stopped, Stopping, CannotMake and what the documents raise."""
    secret = {**asking.unseal(found), store.PACK_KEY: secrets.token_hex(32)}
    if found.petition.case.dangerous:
        secret[store.COVER_CODE] = "".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH))
    frozen = freeze(found, folder, progress)
    made_at = clock.now()
    facts = facts_of(
        found,
        cover_code=secret.get(store.COVER_CODE),
        checkpoint_note=frozen.note,
        by_country=None if found.count_only else frozen.countries,
    )
    draft = store.folder() / f"{found.public_id}-{secrets.token_hex(8)}.draft"
    try:
        with _created(draft) as file:
            sealing = Sealing(file, bytes.fromhex(secret[store.PACK_KEY]))
            whole = Hashing(sealing)
            with _closed_as_wished(found, whole, folder, progress) as sink:
                archive = Archive(sink, made_at, progress.look, secret.get("password", ""))
                files.add_all(files.Making(found, frozen, facts, archive, folder, progress))
                text = manifest.manifest_of(found, frozen, facts, archive.files, made_at)
                signature = _sign(archive, text)
            sealing.finish()
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    return Pack(draft, secret, made_at, frozen, facts, text, signature, (_named(found, whole), *archive.files))


def _sign(archive: Archive, text: str) -> bytes:
    """Adds the manifest and its signature, and ends the zip."""
    signature = manifest.signed(text)
    archive.add("manifest.json", JSON, [text.encode()])
    archive.add("manifest.json.sig", SIGNATURE, [signature])
    archive.close()
    return signature


def _created(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


@contextmanager
def _closed_as_wished(found: Delivery, whole: Sink, folder: Path, progress: Progress) -> Iterator[Sink]:
    """Where the zip goes: straight on, or, since age asks for what it seals, by way of a draft that is sealed as well."""
    if found.protection != Protection.AGE:
        yield whole
        return
    path, key = folder / "zip", secrets.token_bytes(32)
    with _created(path) as file:
        sealing = Sealing(file, key)
        yield sealing
        sealing.finish()
    progress.begin("closing")
    with path.open("rb") as file:
        to_age(progress.over(unsealed(file, key)), found.age_recipient, whole)


def _named(found: Delivery, whole: Hashing) -> Packed:
    if found.protection == Protection.AGE:
        return whole.packed(f"{found.public_id}.zip.age", AGE)
    return whole.packed(f"{found.public_id}.zip", ZIP)
