"""Restoring a backup: all of it or nothing, in one transaction, and then whoever has withdrawn since stays withdrawn."""

import contextlib
import hashlib
import json
import tarfile
from collections.abc import Container, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Table, select
from sqlalchemy.exc import IntegrityError, StatementError

from core import audit, clock, journal
from core.db import Base, db
from core.health import MIGRATIONS
from core.vault import vault
from operations import replay, retention_run, rows
from operations.backup import BATCH, FORMAT
from organisers.accounts import sessions
from petitions.counting import tallies

NO_ROW = (ValueError, TypeError, KeyError, AttributeError)


class BackupUnreadable(Exception):
    """The file is no backup of ours, is damaged or changed, or was made by newer code."""


class NotEmpty(Exception):
    """The database holds rows, and nobody said that they may go."""


def restore(path: Path, *, force: bool) -> dict[str, int]:
    """Replaces the database's rows by the backup's; the number of rows of each table. Commits.

    Raises BackupUnreadable, and NotEmpty unless forced; then nothing has changed."""
    manifest = check(path)
    connection = db.session.connection()
    with _constraints_at_the_end(connection):
        _finish_journal(connection)
        _clear(connection, force=force)
        _move_schema(connection, manifest["revision"])
        _load(connection, path, manifest["tables"])
        rows.write_sequences(connection, manifest["sequences"])
        _move_schema(connection, _script().get_current_head())
        db.session.expire_all()
        replay.repeat(vault().keystore.read_journal())
        sessions.end_everybodys()
        audit.record("site.restored", manifest["created_at"], actor="cli")
        db.session.flush()
    vault().forget()
    tallies.recount()
    retention_run.run(clock.now())  # what has run out since the backup, and erasures that it had not seen
    return {table: member["rows"] for table, member in manifest["tables"].items()}


def check(path: Path) -> dict[str, Any]:
    """The manifest, once every member has been found whole and unchanged and this code knows its schema."""
    with _open(path) as archive:
        manifest = _read_manifest(archive)
        for name, wanted in manifest["tables"].items():
            digest = hashlib.sha256()
            with _member(archive, f"{name}.jsonl") as file:
                while chunk := file.read(1 << 20):
                    digest.update(chunk)
            if digest.hexdigest() != wanted["sha256"]:
                raise BackupUnreadable(
                    f"{name}.jsonl was changed or damaged since the backup was made; nothing was restored."
                )
    return manifest


def _read_manifest(archive: tarfile.TarFile) -> dict[str, Any]:
    try:
        with _member(archive, "manifest.json") as file:
            manifest = dict(json.loads(file.read()))
        if manifest["format"] != FORMAT:
            raise BackupUnreadable(
                "This backup has a format that this code does not know; use the release that made it."
            )
        known = {script.revision for script in _script().walk_revisions()}
        if manifest["revision"] not in known:
            raise BackupUnreadable("This backup was made by newer code; update the site's code first, then restore.")
        for member in manifest["tables"].values():
            str(member["sha256"]), int(member["rows"])
        dict(manifest["sequences"])
    except (KeyError, TypeError, ValueError, AttributeError):
        raise BackupUnreadable("The backup's manifest is damaged; nothing was restored.") from None
    return manifest


@contextlib.contextmanager
def _open(path: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(path, "r:gz") as archive:
            yield archive
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BackupUnreadable(f"{path} cannot be read as a backup: {error}") from error


def _member(archive: tarfile.TarFile, name: str) -> Any:
    try:
        file = archive.extractfile(name)
    except KeyError:
        file = None
    if file is None:
        raise BackupUnreadable(f"{name} is missing from the backup; nothing was restored.")
    return file


@contextlib.contextmanager
def _constraints_at_the_end(connection: Connection) -> Iterator[None]:
    """SQLite: foreign keys are checked before the commit, not while tables are emptied, rebuilt and filled."""
    raw: Any = connection.connection.dbapi_connection
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
        if sqlite and (broken := raw.execute("PRAGMA foreign_key_check").fetchone()):
            raise BackupUnreadable(f"A row of {broken[0]} names a row that is not in the backup; nothing was restored.")
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        if sqlite:
            raw.execute("PRAGMA foreign_keys=ON")


def _finish_journal(connection: Connection) -> None:
    """Withdrawals that the worker has not journalled yet would be forgotten with the rows that hold them."""
    for jobs in (table for table in rows.tables(connection) if table.name == "jobs"):
        waiting = select(jobs.c.args).where(jobs.c.kind.in_(journal.JOBS), jobs.c.state != "done")
        for args in connection.scalars(waiting).all():
            journal.append(args)


def _clear(connection: Connection, *, force: bool) -> None:
    for table in reversed(rows.tables(connection)):
        if not force and connection.execute(select(1).select_from(table).limit(1)).first():
            raise NotEmpty("The database is not empty. With --force every row in it is replaced by the backup's.")
        connection.execute(table.delete())


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(MIGRATIONS))


def _move_schema(connection: Connection, revision: str | None) -> None:
    """Migrates up or down to a revision, on this connection and in its transaction."""
    script = _script()

    def steps(current: Any, _context: Any) -> Any:
        passed = {step.revision for step in script.iterate_revisions(current, "base")} if current else set()
        return (script._downgrade_revs if revision in passed else script._upgrade_revs)(str(revision), current)

    with EnvironmentContext(Config(), script, fn=steps, destination_rev=revision) as environment:
        environment.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
        environment.run_migrations()


def _load(connection: Connection, path: Path, checked: Container[str]) -> None:
    with _open(path) as archive:
        for table in rows.tables(connection):
            if table.name not in checked:
                raise BackupUnreadable(f"The manifest does not name {table.name}; nothing was restored.")
            try:
                with _member(archive, f"{table.name}.jsonl") as file:
                    _load_table(connection, table, file)
            except (*NO_ROW, IntegrityError, StatementError) as error:
                kind = type(error).__name__
                raise BackupUnreadable(
                    f"{table.name}.jsonl holds what is no row of ours ({kind}); nothing was restored."
                ) from error


def _load_table(connection: Connection, table: Table, file: Any) -> None:
    decode = rows.decoder(table)
    lines = iter(file)
    while batch := [decode(line) for line in islice(lines, BATCH)]:
        connection.execute(table.insert(), batch)
