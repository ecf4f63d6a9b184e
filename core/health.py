"""/healthz: this process answers. /readyz: its database answers too, with the schema that this code needs."""

from functools import lru_cache
from pathlib import Path

from alembic.script import ScriptDirectory
from flask import Blueprint, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from core.db import db

health = Blueprint("health", __name__)
MIGRATIONS = Path(__file__).parent.parent / "migrations"


@lru_cache(maxsize=1)
def newest_revision() -> str | None:
    """The migration that this code was written for."""
    return ScriptDirectory(str(MIGRATIONS)).get_current_head()


def schema_revision() -> str | None:
    """The migration that the database stands at; None for an empty database."""
    try:
        return db.session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except SQLAlchemyError:
        db.session.rollback()
        return None


@health.get("/healthz")
def healthz() -> Response:
    return jsonify(status="ok")


@health.get("/readyz")
def readyz() -> tuple[Response, int]:
    ready = schema_revision() == newest_revision()
    return jsonify(status="ok" if ready else "database away or not migrated"), 200 if ready else 503
