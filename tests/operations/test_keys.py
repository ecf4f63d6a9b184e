"""Keys in rotation: nothing is lost, nobody signs twice, a kill delays only, and what was destroyed opens nothing."""

import io
import json
import tarfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyrage
import pytest
from flask import Flask
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox
from sqlalchemy import func, select, update

from core import clock, rotation
from core.db import Base, db
from core.jobs import Job
from core.keystore import Keystore
from core.mailboxes.canonical import blind_index
from core.vault import SITE, DataKey, VaultKey, vault
from operations import key_rotation
from petitions import submission_services
from petitions.keeping import erasure
from petitions.keeping import rotation as petition_keys
from petitions.models import Petition, Signature, Submission
from petitions.persons import open_person
from petitions.states import PetitionState
from tests.conftest import app_for_this_test
from tests.operations.test_backup import run
from tests.operations.test_doctor import failing
from tests.petitions.conftest import Campaign

QUARTER = timedelta(minutes=16)  # a data key's life and the margin


def scope_of(campaign: Campaign) -> str:
    with campaign.app.app_context():
        return db.session.get_one(Petition, campaign.id).scope


def active(app: Flask, scope: str) -> str:
    with app.app_context():
        key = rotation.active(scope)
        assert key is not None
        return key.id


def tend(app: Flask, after: timedelta = timedelta(0)) -> bool:
    with app.app_context():
        return key_rotation.tend(clock.now() + after)


def close(campaign: Campaign) -> None:
    """As if it had been closed two days ago."""
    with campaign.app.app_context():
        ended = {"state": PetitionState.CLOSED, "closes_at": clock.now() - timedelta(days=2)}
        db.session.execute(update(Petition).where(Petition.id == campaign.id).values(ended))
        db.session.commit()


def opened(campaign: Campaign) -> list[str]:
    """The addresses of everybody whose row has something sealed."""
    with campaign.app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        rows = [row for table in (Submission, Signature) for row in db.session.scalars(select(table)) if row.blob]
        return sorted(open_person(petition, row)["email"] for row in rows)


def another_process(app: Flask) -> Flask:
    """The same site in a process of its own: it holds its own data keys."""
    settings = app.config["UNDERSIGNED"]
    given = {
        "UNDERSIGNED_DATA": str(settings.data), "DATABASE_URL": settings.database_url, "SERVER_URL": settings.server_url,
        "SECRET_KEY": settings.secret_key, "OFFICE_SECRET_KEY": str(settings.office_secret_key), "LIMITS": "off",
    }  # fmt: skip
    return app_for_this_test(given)


def test_an_open_petition_gets_a_new_pair_while_its_index_stays(app: Flask, campaign: Campaign) -> None:
    campaign.signed("ada@example.org")
    campaign.sign("bob@example.org")
    campaign.work()
    scope, old = scope_of(campaign), active(app, scope_of(campaign))
    result = run(app, "keys", "rotate", campaign.slug)
    assert result.exit_code == 0 and "so that nobody can sign twice" in result.output
    assert active(app, scope) != old and opened(campaign) == ["ada@example.org", "bob@example.org"]
    with app.app_context():
        assert rotation.named_in(old) == [] and vault().keystore.holds(old)
    assert tend(app, QUARTER)
    with app.app_context():
        assert not vault().keystore.holds(old)
        assert db.session.scalars(select(DataKey.sealed).where(DataKey.key_id == old)).all() == [b""]
    assert opened(campaign) == ["ada@example.org", "bob@example.org"]
    campaign.sign("ada@example.org")
    campaign.work()
    assert "confirm" not in campaign.mails("ada@example.org")[-1].links
    assert campaign.press(campaign.mails("bob@example.org")[-1].links["confirm"]).status_code == 303
    assert campaign.count() == 2


def test_who_signs_through_a_process_with_the_old_data_key_is_lost_neither_before_nor_after(
    app: Flask, campaign: Campaign
) -> None:
    web = Campaign(another_process(app), campaign.id, campaign.slug)
    web.sign("early@example.org")
    scope, old = scope_of(campaign), active(app, scope_of(campaign))
    assert run(app, "keys", "rotate", campaign.slug).exit_code == 0
    web.sign("late@example.org")
    with app.app_context():
        assert rotation.named_in(old) == ["submissions"], "the other process must still seal to the old pair here"
    tend(app)
    with app.app_context():
        assert vault().keystore.holds(old)
    campaign.work()
    assert tend(app, QUARTER)
    with app.app_context():
        assert not vault().keystore.holds(old) and active(app, scope) != old
    for address in ("early@example.org", "late@example.org"):
        assert campaign.press(campaign.mails(address)[-1].links["confirm"]).status_code == 303
    assert campaign.count() == 2


class Killed(BaseException):
    """Nothing in our code may catch it."""


def killed_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process ends at the given one of its commits, writes of files and removals: before it or after it."""
    left = iter(range(step))

    def dying(work: Any) -> Any:
        def work_or_die(*args: Any, **kwargs: Any) -> Any:
            if next(left, None) is None:
                raise Killed
            done = work(*args, **kwargs)
            if next(left, None) is None:
                raise Killed
            return done

        return work_or_die

    monkeypatch.setattr(db.session, "commit", dying(db.session.commit))
    for name in ("_write", "write_journal", "_sync"):
        monkeypatch.setattr(Keystore, name, dying(getattr(Keystore, name)))
    monkeypatch.setattr(Path, "unlink", dying(Path.unlink))


@pytest.mark.parametrize("step", range(0, 31, 3))
def test_a_rotation_that_is_killed_anywhere_goes_on_and_loses_nobody(
    app: Flask, campaign: Campaign, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    monkeypatch.setattr(rotation, "AT_ONCE", 2)
    for number in range(5):
        campaign.signed(f"p{number}@example.org")
    campaign.sign("p9@example.org")
    campaign.work()
    close(campaign)
    expected, scope = opened(campaign), scope_of(campaign)
    with monkeypatch.context() as patch, app.app_context():
        killed_at(step, patch)
        try:
            petition = db.session.get_one(Petition, campaign.id)
            petition_keys.begin(petition, clock.now())
            key_rotation.go_on(scope, clock.now() + QUARTER)
        except Killed:
            pass
        db.session.rollback()
    vault_of(app).forget()
    assert opened(campaign) == expected
    for _ in range(2):
        tend(app, QUARTER)
    if active(app, scope) in first_keys(app, scope):  # killed before anything was promised: begin again
        run(app, "keys", "rotate", campaign.slug)
        tend(app, QUARTER)
    assert opened(campaign) == expected
    assert_indexed(campaign)
    with app.app_context():
        assert [key for key in rotation.retired(scope)] == []


def vault_of(app: Flask) -> Any:
    return app.extensions["vault"]


def first_keys(app: Flask, scope: str) -> list[str]:
    with app.app_context():
        keys = db.session.scalars(select(VaultKey.id).where(VaultKey.scope == scope)).all()
        return list(keys) if len(keys) == 1 else []


def assert_indexed(campaign: Campaign) -> None:
    """Each row's index is its address's, under the key that is active."""
    with campaign.app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        key = vault().index_key(active(campaign.app, petition.scope))
        signed = {}
        for row in db.session.scalars(select(Signature)):
            signed[row.public_id] = blind_index(key, open_person(petition, row)["email"])
            assert row.email_index == signed[row.public_id]
        for sent in db.session.scalars(select(Submission)):
            wanted = blind_index(key, open_person(petition, sent)["email"]) if sent.blob else signed[sent.public_id]
            assert sent.email_index == wanted


def test_after_closing_the_index_gets_a_new_key_and_each_address_moves_whole(
    app: Flask, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "AT_ONCE", 1)
    for name in ("ada", "bob"):
        campaign.sign(f"{name}@example.org")
        campaign.signed(f"{name}@example.org")
    campaign.work()
    links = {name: campaign.mails(f"{name}@example.org")[-1].links["withdraw"] for name in ("ada", "bob")}
    close(campaign)
    before = {row.public_id: row.email_index for row in campaign.submissions()}
    with app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        assert petition_keys.begin(petition, clock.now())
        steps: Iterator[None] = petition_keys.go_on(petition)
        next(steps)
        db.session.commit()
    moved = [row for row in campaign.submissions() if row.email_index != before[row.public_id]]
    assert len(moved) == 2, "one address, all of its rows"
    campaign.press(links["ada"])
    campaign.press(links["bob"])
    assert campaign.count() == 0, "who withdraws half-way must be found"
    tend(app, QUARTER)
    assert opened(campaign) == []


def test_two_addresses_that_newer_rules_read_as_one_keep_both_signatures(
    app: Flask, campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign.signed("ada@example.org")
    campaign.signed("bob@example.org")
    close(campaign)
    monkeypatch.setattr(petition_keys, "blind_index", lambda key, email: blind_index(key, "one@example.org"))
    assert run(app, "keys", "rotate", campaign.slug).exit_code == 0
    assert campaign.count() == campaign.valid() == 2
    with app.app_context():
        indexes = db.session.scalars(select(Signature.email_index)).all()
        assert len(set(indexes)) == 2 and None not in indexes
    campaign.press(campaign.mails("bob@example.org")[-1].links["withdraw"])
    assert campaign.count() == 1


def test_the_sites_key_changes_under_waiting_mails(app: Flask, campaign: Campaign) -> None:
    campaign.sign("ada@example.org")
    with app.app_context():
        submission_services.open_received()
        old = active(app, SITE)
        waiting = db.session.scalar(select(func.count()).where(Job.blob.is_not(None), Job.key_id == old))
    assert waiting
    assert run(app, "keys", "rotate", "--site").exit_code == 0
    assert active(app, SITE) != old
    with app.app_context():
        assert rotation.named_in(old) == []
    tend(app, QUARTER)
    campaign.work()
    assert campaign.mails("ada@example.org")[-1].links["confirm"]


def test_the_sites_key_follows_each_petitions(app: Flask, campaign: Campaign) -> None:
    site = active(app, SITE)
    run(app, "keys", "rotate", campaign.slug)
    tend(app)
    after = active(app, SITE)
    assert after != site
    tend(app, QUARTER)
    assert active(app, SITE) == after


def test_whatever_can_be_sealed_is_sealed_anew() -> None:
    """A new table with a blob fails here until somebody says to which scope it is sealed."""
    sealed = {table.name for table in Base.metadata.sorted_tables if "key_id" in table.c and table.name != "data_keys"}
    known = {rows.table.__tablename__ for rows in (*petition_keys.sealed_rows(), *key_rotation.SITE_ROWS)}
    assert known == sealed


def test_a_row_that_nobody_opens_holds_the_old_key_back_and_the_doctor_says_so(app: Flask, campaign: Campaign) -> None:
    campaign.signed("ada@example.org")
    campaign.signed("bob@example.org")
    with app.app_context():
        first = db.session.scalars(select(Signature).order_by(Signature.id)).first()
        assert first is not None
        first.blob = bytes(len(first.blob or b""))
        db.session.commit()
    old = active(app, scope_of(campaign))
    run(app, "keys", "rotate", campaign.slug)
    with app.app_context():
        past = clock.now() - timedelta(hours=3)
        db.session.execute(update(VaultKey).where(VaultKey.id == old).values(retired_at=past))
        db.session.execute(update(DataKey).where(DataKey.key_id == old).values(created_at=past))
        db.session.commit()
    tend(app)
    with app.app_context():
        assert vault().keystore.holds(old)
    assert "still named in signatures" in failing(app)["retired keys"]


def copy_of(app: Flask) -> dict[str, list[dict[str, Any]]]:
    """The database as a thief would have it: every row."""
    with app.app_context():
        tables = Base.metadata.sorted_tables
        return {table.name: [dict(row) for row in db.session.execute(select(table)).mappings()] for table in tables}


def opens_with_what_remains(app: Flask, copy: dict[str, list[dict[str, Any]]], address: str) -> bool:
    """Whether any key in the keystore opens a data key of the copy whose rows hold something, or knows an address's index."""
    sealed = [row for rows in copy.values() for row in rows if row.get("blob")]
    wanted = {row["data_key_id"] for row in sealed}
    boxes = [row["sealed"] for row in copy["data_keys"] if row["id"] in wanted]
    indexes = {row["email_index"] for rows in copy.values() for row in rows if row.get("email_index")}
    assert boxes and indexes
    keystore: Keystore = vault_of(app).keystore
    for path in keystore.folder.glob("scope-*.json"):
        key = keystore.scope_key(path.stem.removeprefix("scope-"))
        if blind_index(key.index_key, address) in indexes or any(map(lambda box: _opens(key.private, box), boxes)):
            return True
    return False


def _opens(private: PrivateKey, box: bytes) -> bool:
    try:
        SealedBox(private).decrypt(box)
    except CryptoError:
        return False
    return True


@pytest.mark.parametrize("end", ["retention", "erasing"])
def test_a_copy_from_before_is_opened_by_no_key_that_remains(app: Flask, campaign: Campaign, end: str) -> None:
    campaign.signed("ada@example.org")
    campaign.sign("bob@example.org")
    with app.app_context():
        submission_services.open_received()  # a mail waits, sealed to the site
    close(campaign)
    with app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        petition.delivered_at = clock.now() - timedelta(days=2)
        db.session.commit()
    copy = copy_of(app)
    assert opens_with_what_remains(app, copy, "ada@example.org")
    if end == "erasing":
        with app.app_context():
            erasure.erase(db.session.get_one(Petition, campaign.id), campaign.slug, actor="cli")
            db.session.commit()
        tend(app, QUARTER)
    else:
        later = (clock.now() + timedelta(days=120)).date().isoformat()
        assert run(app, "retention", "run", "--now", later).exit_code == 0
    assert not opens_with_what_remains(app, copy, "ada@example.org")


def test_the_keystores_backup_opens_with_the_offline_key_only(app: Flask, campaign: Campaign, tmp_path: Path) -> None:
    identity, other = pyrage.x25519.Identity.generate(), pyrage.x25519.Identity.generate()
    file = tmp_path / "keys.age"
    result = run(app, "keys", "backup", "--to", str(identity.to_public()), str(file))
    assert result.exit_code == 0, result.output
    assert [path.name for path in tmp_path.iterdir()] == ["keys.age"] and file.stat().st_mode & 0o077 == 0
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(file.read_bytes(), [other])
    with tarfile.open(fileobj=io.BytesIO(pyrage.decrypt(file.read_bytes(), [identity]))) as archive:
        names = archive.getnames()
        site = json.loads(archive.extractfile("keystore/site.json").read())  # type: ignore[union-attr]
    assert f"keystore/scope-{active(app, scope_of(campaign))}.json" in names
    assert site["seed"].encode() not in file.read_bytes()
    assert run(app, "keys", "backup", "--to", "age1nonsense", str(file)).exit_code == 2
    assert run(app, "keys", "backup", "--to", str(identity.to_public()), str(tmp_path / "no" / "x")).exit_code == 2


@pytest.mark.parametrize("arguments", [(), ("a", "--all"), ("--all", "--site"), ("no-such-petition",)])
def test_rotating_wants_to_know_exactly_what(app: Flask, arguments: tuple[str, ...]) -> None:
    assert run(app, "keys", "rotate", *arguments).exit_code == 2


def test_everything_at_once(app: Flask, campaign: Campaign) -> None:
    campaign.signed()
    before = {active(app, scope) for scope in (SITE, scope_of(campaign))}
    result = run(app, "keys", "rotate", "--all", "--json")
    assert [one["scope"] for one in json.loads(result.output)["rotated"]] == [campaign.slug, "site"]
    assert before.isdisjoint({active(app, scope) for scope in (SITE, scope_of(campaign))})
