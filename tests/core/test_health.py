"""Health: the process answers; it is ready when its database answers with the right schema."""

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from core.db import db


def test_a_migrated_process_is_ready(client: FlaskClient) -> None:
    for path in ("/healthz", "/readyz"):
        answer = client.get(path)
        assert (answer.status_code, answer.json, answer.headers["Cache-Control"]) == (200, {"status": "ok"}, "no-store")


def test_an_empty_database_is_not_ready_but_the_process_lives(make_app) -> None:
    client = make_app().test_client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503


def test_a_database_that_is_away_is_not_ready(make_app) -> None:
    client = make_app(DATABASE_URL="postgresql://nobody@127.0.0.1:9/none").test_client()
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert "nobody" not in answer.text


def test_an_older_schema_is_not_ready(app: Flask) -> None:
    with app.app_context():
        now = db.session.scalar(text("SELECT version_num FROM alembic_version"))
        db.session.execute(text("UPDATE alembic_version SET version_num = 'older'"))
        db.session.commit()
    try:
        assert app.test_client().get("/readyz").status_code == 503
    finally:
        with app.app_context():
            db.session.execute(text("UPDATE alembic_version SET version_num = :now"), {"now": now})
            db.session.commit()
    assert app.test_client().get("/readyz").status_code == 200
