"""`seed --demo`: the demo case, once, and never on a site that others can reach."""

from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, select

from cases.models import Case
from core.db import db
from petitions.models import Petition
from tests.operations.test_backup import run


def test_the_demo_is_written_once(app: Flask) -> None:
    assert run(app, "seed").exit_code == 2
    for _ in range(2):
        assert run(app, "seed", "--demo").exit_code == 0
    with app.app_context():
        assert db.session.scalars(select(Case.slug)).all() == ["almaty-activists"]
        assert db.session.scalars(select(Petition.slug)).all() == ["osce-release-almaty-activists"]
    assert app.test_client().get("/petitions/osce-release-almaty-activists").status_code == 200


def test_a_real_site_refuses_the_demo(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    real = replace(app.config["UNDERSIGNED"], server_url="https://petitions.example.org")
    monkeypatch.setitem(app.config, "UNDERSIGNED", real)
    result = run(app, "seed", "--demo")
    assert result.exit_code == 2 and "a real site must not show it" in result.output
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Case)) == 0
