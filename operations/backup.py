"""A backup: one tar.gz that both databases read, of one consistent moment. The keystore and settings.env are not in it."""

import contextlib
import hashlib
import json
import os
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select

from core import clock
from core.db import db
from operations import rows

FORMAT = 1
BATCH = 1000


class NothingToSave(Exception):
    """The database has no schema yet."""


def write(path: Path) -> dict[str, int]:
    """Writes the backup, whole or not at all, readable by its owner only; the number of rows of each table."""
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=path.parent) as name, snapshot() as connection:
        folder, revision = Path(name), rows.revision(connection)
        if revision is None:
            raise NothingToSave("The database has no tables yet: there is nothing to save.")
        members = {table.name: _write_table(connection, table, folder) for table in rows.tables(connection)}
        manifest = {
            "format": FORMAT, "revision": revision, "created_at": clock.now().isoformat(),
            "tables": members, "sequences": rows.read_sequences(connection),
        }  # fmt: skip
        _pack(folder, manifest, folder / "whole")
        (folder / "whole").replace(path)
    _sync_folder(path.parent)
    return {table: member["rows"] for table, member in members.items()}


@contextlib.contextmanager
def snapshot() -> Iterator[Connection]:
    """A connection that sees one moment of the database, whatever is written meanwhile."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            connection.connection.cursor().execute("BEGIN")  # past core.db's hook: a read must take no write lock
        else:
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        yield connection
        connection.rollback()


def _write_table(connection: Connection, table: Table, folder: Path) -> dict[str, Any]:
    digest, count = hashlib.sha256(), 0
    query = select(table).order_by(*table.primary_key.columns).execution_options(yield_per=BATCH)
    with (folder / f"{table.name}.jsonl").open("wb") as file:
        for row in connection.execute(query).mappings():
            line = rows.encode(dict(row))
            digest.update(line)
            file.write(line)
            count += 1
    return {"rows": count, "sha256": digest.hexdigest()}


def _pack(folder: Path, manifest: dict[str, Any], target: Path) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=1))
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
            for name in ("manifest.json", *(f"{table}.jsonl" for table in manifest["tables"])):
                archive.add(folder / name, name, filter=_anonymous)
        file.flush()
        os.fsync(file.fileno())


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """No user's name of this machine goes into the file."""
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mode = 0o600
    return member


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)
