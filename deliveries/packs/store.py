"""Where packs are kept: a folder of files, each sealed with a key that lies sealed in its delivery's row.

A file is named after its delivery and the manifest that was signed, so that of two attempts each has a name of its own, and
every file tells whether a row stands for it."""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from flask import current_app
from sqlalchemy import or_, select

from core import clock, tables
from core.db import db
from core.keystore import KeyMissing
from core.vault import SITE, VaultError, vault
from deliveries import asking
from deliveries.models import Delivery, DeliveryFile
from deliveries.packs.sealing import unsealed
from deliveries.states import DeliveryState
from petitions.deadlines import DRAFTS
from petitions.models import Petition

ORPHANED = timedelta(hours=1)  # until a file that no row stands for is taken for one that a killed worker left
COVER_CODE, PACK_KEY = "cover_code", "pack_key"
UNREADABLE = (KeyMissing, VaultError)


class PackGone(Exception):
    """There is no pack to fetch: not made yet, expired, or its file or key is not on this machine."""


def folder() -> Path:
    """In the data folder, which office and worker share; made where it is missing."""
    path: Path = current_app.config["UNDERSIGNED"].data / "deliveries"
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def path_of(public_id: str, manifest: str) -> Path:
    return folder() / f"{public_id}-{hashlib.sha256(manifest.encode()).hexdigest()[:16]}"


def pack_file(found: Delivery) -> DeliveryFile:
    """The pack itself as it is fetched: its name, size, media type and hash. Raises PackGone."""
    if not found.files:
        raise PackGone(found.public_id)
    return found.files[0]


def read(found: Delivery) -> Iterator[bytes]:
    """The pack's bytes, a piece at a time, for whoever is allowed to fetch it. Raises PackGone before the first byte."""
    if found.state != DeliveryState.READY or (found.expires_at and found.expires_at <= clock.now()):
        raise PackGone(found.public_id)
    try:
        key = bytes.fromhex(asking.unseal(found)[PACK_KEY])
        file = path_of(found.public_id, str(found.manifest)).open("rb")
    except (*UNREADABLE, KeyError, FileNotFoundError) as error:
        raise PackGone(found.public_id) from error
    return _read(file, key)


def _read(file: BinaryIO, key: bytes) -> Iterator[bytes]:
    with file:
        yield from unsealed(file, key)


def expire() -> bool:
    """The worker's tick: packs whose time is over, and those of erased petitions, go with their keys; so do files that a
    killed worker left. Commits."""
    moment = clock.now()
    due = or_(Delivery.expires_at <= moment, Petition.erased_at.is_not(None))
    ready = select(Delivery).join(Petition).where(Delivery.state == DeliveryState.READY, due).order_by(Delivery.id)
    if ended := list(db.session.scalars(ready)):
        db.session.rollback()
        vault().prepare(SITE)
        ended = list(db.session.scalars(ready))
    for found in ended:
        _end(found)
    drafts = tables.sweep(current_app.config["UNDERSIGNED"].drafts_folder, moment - DRAFTS)
    return any((ended, sweep(moment), drafts))


def _end(found: Delivery) -> None:
    """The row first: whoever is killed between leaves a file that no row stands for. Commits."""
    code = {}
    if found.petition.erased_at is None:
        with suppress(*UNREADABLE):  # the office goes on telling the cover sheet's code
            code = {name: value for name, value in asking.unseal(found).items() if name == COVER_CODE}
    path = path_of(found.public_id, str(found.manifest))
    asking.move(found, DeliveryState.EXPIRED, blob=None)
    if code:
        asking.seal(found, code)
    db.session.commit()
    path.unlink(missing_ok=True)


def sweep(moment: datetime) -> int:
    """Deletes the files that no row stands for, once nobody can be about to commit theirs; how many."""
    old = [path for path in folder().iterdir() if _age(path, moment) > ORPHANED]
    ready = select(Delivery.public_id, Delivery.manifest).where(Delivery.state == DeliveryState.READY)
    wanted = {path_of(public_id, str(manifest)) for public_id, manifest in db.session.execute(ready)} if old else set()
    for path in (left := [path for path in old if path not in wanted]):
        path.unlink(missing_ok=True)
    db.session.rollback()
    return len(left)


def _age(path: Path, moment: datetime) -> timedelta:
    with suppress(FileNotFoundError):
        return moment - datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return timedelta(0)
