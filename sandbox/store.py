"""The sandbox's own SQLite file: objects as Stripe shows them, webhook deliveries, idempotency keys."""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import InvalidRequest, NoSuchObject
from .jsons import Json

SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    created INTEGER NOT NULL,
    body TEXT NOT NULL,
    hidden TEXT NOT NULL DEFAULT '{}'
);
CREATE INDEX IF NOT EXISTS objects_by_kind ON objects (kind, seq);
CREATE TABLE IF NOT EXISTS deliveries (
    event TEXT PRIMARY KEY REFERENCES objects (id),
    seq INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    next_attempt REAL,
    delivered REAL,
    last_status INTEGER,
    last_error TEXT
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (next_attempt) WHERE next_attempt IS NOT NULL;
CREATE TABLE IF NOT EXISTS idempotency_keys (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body TEXT NOT NULL,
    created INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS switches (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""


class Ledger:
    """The objects as one transaction sees them; `now` is its moment, `request` the API request behind it.

    `base_url` is the sandbox's own address, for links."""

    def __init__(self, connection: sqlite3.Connection, now: float, base_url: str, request: Json | None = None) -> None:
        self.connection = connection
        self.base_url = base_url
        self.clock = now
        self.now = int(now)
        self.request = request or {"id": None, "idempotency_key": None}

    def find(self, object_id: str) -> Json | None:
        """The object with this id, whatever its kind."""
        row = self.connection.execute("SELECT body FROM objects WHERE id = ?", (object_id,)).fetchone()
        return json.loads(row["body"]) if row else None

    def get(self, kind: str, object_id: str) -> Json:
        """The object of this kind and id; raises NoSuchObject."""
        found = self.find(object_id)
        if found is None or found["object"] != kind:
            raise NoSuchObject(kind, object_id)
        return found

    def hidden(self, object_id: str) -> Json:
        """What the sandbox remembers about an object without showing it in answers."""
        row = self.connection.execute("SELECT hidden FROM objects WHERE id = ?", (object_id,)).fetchone()
        return json.loads(row["hidden"]) if row else {}

    def save(self, body: Json) -> Json:
        """Write an object as it now is; gives it back."""
        self.connection.execute(
            "INSERT INTO objects (id, kind, created, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            (body["id"], body["object"], body.get("created", self.now), json.dumps(body)),
        )
        return body

    def delete(self, object_id: str) -> None:
        """Forget an object."""
        self.connection.execute("DELETE FROM objects WHERE id = ?", (object_id,))

    def hide(self, object_id: str, **values: object) -> None:
        """Add to what is remembered about an object."""
        merged = {**self.hidden(object_id), **values}
        self.connection.execute("UPDATE objects SET hidden = ? WHERE id = ?", (json.dumps(merged), object_id))

    def page(
        self, kind: str, conditions: list[tuple[str, object]], *, limit: int, cursor: dict[str, str]
    ) -> tuple[list[Json], bool]:
        """Objects newest first that meet the SQL conditions, and whether more follow."""
        clauses, values = ["kind = ?"], [kind]
        for sql, value in conditions + self._cursor_conditions(kind, cursor):
            clauses.append(sql)
            values.append(value)  # type: ignore[arg-type]
        order = "ASC" if "ending_before" in cursor else "DESC"
        rows = self.connection.execute(
            # Only names written in this code are put together here; values are bound.
            f"SELECT body FROM objects WHERE {' AND '.join(clauses)} ORDER BY seq {order} LIMIT ?",  # noqa: S608
            (*values, limit + 1),
        ).fetchall()
        found = [json.loads(row["body"]) for row in rows[:limit]]
        return (found[::-1] if order == "ASC" else found), len(rows) > limit

    def _cursor_conditions(self, kind: str, cursor: dict[str, str]) -> list[tuple[str, object]]:
        signs = {"starting_after": "<", "ending_before": ">"}
        conditions: list[tuple[str, object]] = []
        for name, object_id in cursor.items():
            row = self.connection.execute(
                "SELECT seq FROM objects WHERE id = ? AND kind = ?", (object_id, kind)
            ).fetchone()
            if row is None:
                raise InvalidRequest(f"No such {kind}: '{object_id}'", param=name, code="resource_missing")
            conditions.append((f"seq {signs[name]} ?", row["seq"]))
        return conditions


class Store:
    """The file. Every change happens in one `writing()` block and is there after it, or not at all."""

    def __init__(self, database: Path, base_url: str, clock: Callable[[], float] = time.time) -> None:
        self.database = database
        self.base_url = base_url
        self.clock = clock
        self.changed = threading.Event()
        # Held open so that the write-ahead log is not folded away after every request.
        self._anchor = self._connect()
        self._anchor.execute("PRAGMA journal_mode = WAL")
        self._anchor.executescript(SCHEMA)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.database, timeout=10, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")  # survives kill -9; a power cut may cost a second
        return connection

    @contextmanager
    def reading(self) -> Iterator[Ledger]:
        """A consistent view that changes nothing."""
        connection = self._connect()
        try:
            connection.execute("BEGIN")
            yield Ledger(connection, self.clock(), self.base_url)
        finally:
            connection.close()

    @contextmanager
    def writing(self, request: Json | None = None) -> Iterator[Ledger]:
        """One transaction, committed at the end, rolled back by any exception."""
        connection = self._connect()
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield Ledger(connection, self.clock(), self.base_url, request)
            connection.execute("COMMIT")
        finally:
            connection.close()  # closing without COMMIT rolls back
        self.changed.set()

    def close(self) -> None:
        """Let go of the file."""
        self._anchor.close()
