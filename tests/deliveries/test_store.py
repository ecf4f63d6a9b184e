"""How packs are kept: sealed, for a while, and never a file for nobody."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import update

from core import clock
from core.db import db
from core.vault import SITE, vault
from deliveries import asking
from deliveries.models import Delivery
from deliveries.packs import sealing, store
from deliveries.packs.sealing import Damaged, Sealing, unsealed
from deliveries.states import DeliveryState
from petitions.models import Petition
from tests.conftest import files_with
from tests.deliveries.world import ask, fetched, kept_files, row
from tests.factories import make_case, make_petition
from tests.petitions.conftest import Campaign, make_campaign

KEY = bytes(range(32))
PASSWORD = "correct horse battery"


@pytest.fixture
def campaign(app: Flask) -> Campaign:
    return make_campaign(app)


def ready(campaign: Campaign, **wishes: object) -> int:
    """A pack of numbers: the quickest."""
    delivery_id = ask(campaign, count_only=True, **wishes)
    campaign.work()
    assert row(campaign.app, delivery_id).state == DeliveryState.READY
    return delivery_id


def pack_path(app: Flask, delivery_id: int) -> Path:
    with app.app_context():
        found = db.session.get_one(Delivery, delivery_id)
        return store.path_of(found.public_id, str(found.manifest))


def expired(app: Flask) -> bool:
    with app.app_context():
        return store.expire()


def test_a_pack_lies_sealed_for_its_owner_only_and_its_key_is_sealed_too(campaign: Campaign) -> None:
    delivery_id = ready(campaign)
    path, content = pack_path(campaign.app, delivery_id), fetched(campaign.app, delivery_id)
    assert content[:4] == b"PK\x03\x04" and path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert files_with("letter.pdf", path.parent) == [] == files_with("PK\x03\x04", path.parent)
    with campaign.app.app_context():
        found = db.session.get_one(Delivery, delivery_id)
        key = asking.unseal(found)[store.PACK_KEY]
        assert key.encode() not in (found.blob or b"") and bytes.fromhex(key) not in (found.blob or b"")


def test_a_changed_or_shortened_file_is_no_pack(campaign: Campaign) -> None:
    delivery_id = ready(campaign)
    path = pack_path(campaign.app, delivery_id)
    whole = path.read_bytes()
    for wrong in (whole[:-1], whole[:100] + bytes([whole[100] ^ 1]) + whole[101:], b""):
        path.write_bytes(wrong)
        with pytest.raises(Damaged):
            fetched(campaign.app, delivery_id)
    path.unlink()
    with pytest.raises(store.PackGone):
        fetched(campaign.app, delivery_id)


@pytest.mark.parametrize("size", [0, 1, sealing.CHUNK - 1, sealing.CHUNK, sealing.CHUNK + 1, 2 * sealing.CHUNK])
def test_a_file_of_any_size_is_read_as_it_was_written_and_a_cut_between_chunks_is_noticed(
    tmp_path: Path, size: int
) -> None:
    content, path = os.urandom(size), tmp_path / "sealed"
    with path.open("wb") as file:
        writing = Sealing(file, KEY)
        for start in range(0, size, 300_000):
            writing.write(content[start : start + 300_000])
        writing.finish()
    assert b"".join(opened(path)) == content
    with pytest.raises(Damaged):
        list(opened(path, bytes(32)))
    whole, piece = path.read_bytes(), sealing.CHUNK + sealing.TAG
    for cut in range(piece, len(whole), piece):
        path.write_bytes(whole[:cut])
        with pytest.raises(Damaged):
            list(opened(path))
    if len(whole) > piece:
        path.write_bytes(whole[piece:] + whole[:piece])
        with pytest.raises(Damaged):
            list(opened(path))


def opened(path: Path, key: bytes = KEY) -> list[bytes]:
    with path.open("rb") as file:
        return list(unsealed(file, key))


def test_after_its_time_the_file_and_the_key_are_gone_and_what_it_was_stays(campaign: Campaign) -> None:
    delivery_id = ready(campaign, kept_days=3, protection="password", password=PASSWORD)
    before = row(campaign.app, delivery_id)
    assert before.expires_at is not None and before.made_at is not None
    assert before.expires_at - before.made_at == timedelta(days=3)
    assert not expired(campaign.app) and fetched(campaign.app, delivery_id)
    with time_machine.travel(clock.now() + timedelta(days=3, seconds=1)):
        with pytest.raises(store.PackGone):  # at once, also before the worker comes by
            fetched(campaign.app, delivery_id)
        assert expired(campaign.app) and not expired(campaign.app)
    found = row(campaign.app, delivery_id)
    assert (found.state, found.blob, found.manifest) == (DeliveryState.EXPIRED, None, before.manifest)
    assert [file.digest for file in found.files] == [file.digest for file in before.files]
    assert kept_files(campaign.app) == []
    with pytest.raises(store.PackGone):
        fetched(campaign.app, delivery_id)


def test_the_cover_sheets_code_is_known_for_longer_than_the_pack(app: Flask) -> None:
    with app.app_context():
        petition = make_petition(make_case(dangerous=True))
        campaign = Campaign(app, petition.id, petition.slug)
    delivery_id = ready(campaign)
    with time_machine.travel(clock.now() + timedelta(days=15)):
        assert expired(app)
        with app.app_context():
            assert list(asking.unseal(db.session.get_one(Delivery, delivery_id))) == [store.COVER_CODE]


def test_the_packs_of_an_erased_petition_go_at_once(campaign: Campaign) -> None:
    delivery_id = ready(campaign)
    with campaign.app.app_context():
        db.session.execute(update(Petition).values(erased_at=clock.now()))
        db.session.commit()
    assert expired(campaign.app)
    found = row(campaign.app, delivery_id)
    assert (found.state, found.blob) == (DeliveryState.EXPIRED, None) and kept_files(campaign.app) == []


def test_a_file_that_no_row_stands_for_goes_once_nobody_can_be_at_it(campaign: Campaign) -> None:
    delivery_id = ready(campaign)
    path = pack_path(campaign.app, delivery_id)
    for name in ("dAnother-0123", f"{path.name}.draft", "dNew-0123"):
        (path.parent / name).write_bytes(b"left")
    long_ago = (clock.now() - timedelta(hours=2)).timestamp()
    for old in path.parent.iterdir():
        if old.name != "dNew-0123":
            os.utime(old, (long_ago, long_ago))
    assert expired(campaign.app)
    assert kept_files(campaign.app) == sorted([path.name, "dNew-0123"])
    assert fetched(campaign.app, delivery_id)


@pytest.mark.parametrize("state", [one for one in DeliveryState if one != DeliveryState.READY])
def test_only_what_is_ready_can_be_fetched(campaign: Campaign, state: DeliveryState) -> None:
    delivery_id = ask(campaign, alone=False)
    whole = {"manifest": "{}", "signature": bytes(64), "key_fingerprint": "f", "made_at": clock.now()}
    with campaign.app.app_context():
        vault().prepare(SITE)
        found = db.session.get_one(Delivery, delivery_id)
        asking.seal(found, {store.PACK_KEY: KEY.hex()})
        db.session.flush()
        db.session.execute(update(Delivery).values(state=state, **whole))
        db.session.commit()
        with store.path_of(found.public_id, "{}").open("wb") as file:
            Sealing(file, KEY).finish()
    with pytest.raises(store.PackGone):
        fetched(campaign.app, delivery_id)
