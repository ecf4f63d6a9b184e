"""The vault's keys: whom it trusts, when a data key is committed, and how long it lives."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from nacl.public import PrivateKey
from nacl.signing import SigningKey
from sqlalchemy import select, update

from config import SettingError
from core import clock, data_keys
from core.data_keys import DATA_KEY_LIFE, DATA_KEY_USES
from core.db import db
from core.jobs import Job, enqueue
from core.keystore import Keystore
from core.vault import (
    SITE,
    DataKey,
    Sealed,
    Vault,
    VaultError,
    VaultKey,
    ensure_scope,
    vault,
)
from tests.core.conftest import at_once

FIELDS = {"name": "Ada Example"}


def seal_for_site() -> Sealed:
    return vault().seal(SITE, "context", "row", FIELDS)


def open_for_site(sealed: Sealed) -> dict[str, object]:
    return vault().open(sealed, scope=SITE, context="context", public_id="row")


def committed_data_keys(app: Flask) -> set[str]:
    """Ids as another connection sees them."""
    with app.app_context(), db.engine.connect() as other:
        return set(other.scalars(select(DataKey.id)))


def test_a_swapped_public_key_is_refused(app: Flask) -> None:
    with app.app_context():
        db.session.execute(update(VaultKey).values(public_key=bytes(PrivateKey.generate().public_key)))
        db.session.commit()
        with pytest.raises(VaultError, match="not signed"):
            vault().prepare(SITE)
    assert committed_data_keys(app) == set()


@pytest.mark.parametrize("forged", [b"", b"\0" * 63, b"\0" * 64, b"\0" * 65], ids=len)
def test_a_made_up_signature_is_refused(app: Flask, forged: bytes) -> None:
    with app.app_context():
        db.session.execute(update(VaultKey).values(signature=forged))
        db.session.commit()
        with pytest.raises(VaultError, match="not signed"):
            vault().prepare(SITE)


def test_a_key_signed_by_another_site_is_refused(app: Flask) -> None:
    with app.app_context():
        key = db.session.scalars(select(VaultKey)).one()
        ours = vault().keystore.site_key()
        assert ours.verify_key.verify(statement(key), key.signature)  # so the statement below is the right one
        key.signature = SigningKey.generate().sign(statement(key)).signature
        db.session.commit()
        with pytest.raises(VaultError, match="not signed"):
            vault().prepare(SITE)


def test_a_signed_key_of_one_scope_is_refused_as_anothers(app: Flask) -> None:
    with app.app_context():
        key = db.session.scalars(select(VaultKey)).one()
        key.scope = "petition:other"
        db.session.commit()
        with pytest.raises(VaultError, match="not signed"):
            vault().prepare("petition:other")


def statement(key: VaultKey) -> bytes:
    parts = [b"undersigned/vault-key/v1", key.scope.encode(), key.id.encode(), key.public_key.hex().encode()]
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)


def test_a_data_key_is_committed_before_its_first_use(app: Flask) -> None:
    with app.app_context():
        vault().prepare(SITE)
        sealed = seal_for_site()
        assert committed_data_keys(app) == {sealed.data_key_id}


def test_a_data_key_outlives_the_rollback_of_the_request_that_made_it(app: Flask) -> None:
    with app.app_context():
        vault().prepare(SITE)
        enqueue("mail", sealed=FIELDS)
        db.session.rollback()
        assert db.session.scalar(select(Job.id)) is None
        sealed = seal_for_site()
    with app.app_context():
        assert open_for_site(sealed) == FIELDS
        vault().forget()
        assert open_for_site(sealed) == FIELDS  # from the row alone


def test_a_second_prepare_keeps_the_key(app: Flask) -> None:
    with app.app_context():
        vault().prepare(SITE)
        vault().prepare(SITE)
    assert len(committed_data_keys(app)) == 1


def test_a_data_key_is_renewed_before_its_ten_minutes_are_over(app: Flask) -> None:
    with app.app_context(), time_machine.travel(clock.now(), tick=False) as now:
        vault().prepare(SITE)
        first = seal_for_site()
        now.shift(timedelta(minutes=8, seconds=59))
        vault().prepare(SITE)
        assert seal_for_site().data_key_id == first.data_key_id
        now.shift(timedelta(seconds=2))
        vault().prepare(SITE)
        second = seal_for_site()
        assert second.data_key_id != first.data_key_id
        assert open_for_site(first) == open_for_site(second) == FIELDS


def test_a_key_past_its_life_seals_nothing_even_where_the_timer_slept(app: Flask) -> None:
    with app.app_context(), time_machine.travel(clock.now(), tick=False) as now:
        vault().prepare(SITE)
        now.shift(DATA_KEY_LIFE + timedelta(seconds=1))
        with pytest.raises(VaultError):
            seal_for_site()


def test_one_timer_drops_the_keys_of_all_scopes_from_memory(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread for each key would be a thread for every petition that was signed in the last ten minutes."""
    assert timedelta(minutes=10) == DATA_KEY_LIFE
    with app.app_context():
        for number in range(3):
            ensure_scope(f"petition:{number}")
        monkeypatch.setattr(data_keys, "DATA_KEY_LIFE", timedelta(minutes=2))
        vault().forget()
        for number in range(3):
            vault().prepare(f"petition:{number}")
        timers = [
            thread for thread in threading.enumerate() if getattr(thread, "function", None) == vault()._at_hand.drop
        ]
        assert [timer for timer in timers if not timer.finished.is_set()] == [vault()._at_hand.timer]
        vault().forget()
        monkeypatch.setattr(data_keys, "DATA_KEY_LIFE", timedelta(milliseconds=1))
        vault().prepare(SITE)
        at_hand = vault()._at_hand
        dropping = at_hand.timer
    if dropping is not None:  # it was not faster than we are
        dropping.join(30)
    assert at_hand.keys == {} and at_hand.timer is None


def test_a_key_that_was_renewed_outlives_the_timer_of_the_older_one(app: Flask) -> None:
    with app.app_context():
        vault().prepare(SITE)
        older = vault()._at_hand.keys[SITE]
        vault().renew(SITE)
        vault()._at_hand.drop()
        assert seal_for_site().data_key_id != older.data_key_id
        assert vault()._at_hand.timer is not None


def test_a_data_key_is_renewed_after_its_uses(app: Flask) -> None:
    with app.app_context():
        vault().prepare(SITE)
        first = seal_for_site()
        vault()._at_hand.keys[SITE].uses = DATA_KEY_USES - 1
        vault().prepare(SITE)
        assert seal_for_site().data_key_id == first.data_key_id
        vault().prepare(SITE)
        assert seal_for_site().data_key_id != first.data_key_id
    assert DATA_KEY_USES == 2**20


def test_a_retired_key_is_prepared_no_more(app: Flask) -> None:
    with app.app_context():
        retired = db.session.scalars(select(VaultKey)).one()
        retired.retired_at = clock.now()
        db.session.commit()
        ensure_scope(SITE)
        vault().prepare(SITE)
        assert seal_for_site().key_id != retired.id


def test_a_pair_that_is_retired_while_its_data_key_is_made_is_not_sealed_to(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever destroys the pair may have counted its data keys before this one was there."""
    look, looks = Vault._active, []

    def retired_meanwhile(self: Vault, scope: str) -> object:
        found = look(self, scope)
        looks.append(found.id)
        if len(looks) == 1:
            db.session.execute(update(VaultKey).where(VaultKey.id == found.id).values(retired_at=clock.now()))
            vault().create_scope(scope)
            db.session.commit()
        return found

    with app.app_context():
        monkeypatch.setattr(Vault, "_active", retired_meanwhile)
        vault().prepare(SITE)
        assert len(looks) == 3
        assert seal_for_site().key_id == looks[-1] != looks[0]


def test_many_at_once_make_one_key_of_a_scope(app: Flask) -> None:
    at_once(app, 8, lambda number: ensure_scope("petition:many"))
    with app.app_context():
        keys = db.session.scalars(select(VaultKey).where(VaultKey.scope == "petition:many")).all()
        assert len(keys) == 1
        vault().prepare("petition:many")


def test_many_threads_prepare_one_data_key(app: Flask) -> None:
    at_once(app, 8, lambda number: vault().prepare(SITE))
    assert len(committed_data_keys(app)) == 1


def test_processes_that_start_together_agree_on_one_site_key(make_app, tmp_path: Path) -> None:
    def start(number: int) -> str:
        keystore = Keystore(tmp_path / "shared")
        keystore.create_site_key()
        return keystore.site_public_key()

    app = make_app()
    for _ in range(10):
        assert len(set(at_once(app, 8, start))) == 1
        (tmp_path / "shared" / "site.json").unlink()


def test_keys_are_for_their_owner_only(app: Flask) -> None:
    with app.app_context():
        folder = vault().keystore.folder
        assert folder.stat().st_mode & 0o077 == 0
        assert [path.name for path in folder.iterdir() if path.stat().st_mode & 0o077] == []


def test_the_journal_is_read_as_it_was_written(app: Flask) -> None:
    with app.app_context():
        keystore = Keystore(vault().keystore.folder / "another")
        keystore.create_site_key()
        keystore.write_journal("withdrawn", "one")
        keystore.write_journal("erased", "two")
        assert list(keystore.read_journal()) == [("withdrawn", "one"), ("erased", "two")]


def test_a_public_process_does_not_boot_without_the_sites_public_key(make_app) -> None:
    with pytest.raises(SettingError, match="SITE_PUBLIC_KEY"):
        make_app(ROLE="public")


def test_a_public_process_makes_no_keystore(make_app, tmp_path: Path) -> None:
    app = make_app(ROLE="public", SITE_PUBLIC_KEY="A" * 43 + "=")
    assert not app.config["UNDERSIGNED"].keystore.exists()
