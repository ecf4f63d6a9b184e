"""The watch over SQLite's locks is awake in every test."""

from pathlib import Path

import pytest
from flask import Flask

from core.db import db
from tests.conftest import files_with
from tests.sqlite_locks import LocksLost


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
def test_a_connected_database_is_not_opened_by_hand(apps: dict[str, Flask], tmp_path: Path, end: str) -> None:
    with apps["sqlite"].app_context(), db.engine.connect():
        database = Path(f"{db.engine.url.database}{end}")
        assert database.exists()
        with pytest.raises(LocksLost):
            database.read_bytes()
        (whole,) = files_with("SQLite format 3", Path(str(db.engine.url.database)))  # read by another process
        assert whole == "undersigned.sqlite3"
    (tmp_path / "other.sqlite3").write_bytes(b"SQLite format 3")
