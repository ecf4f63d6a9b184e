"""The vault: what it seals it opens, for the same row only, and only where the keystore is."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.db import db
from core.keystore import KeyMissing, Keystore
from core.vault import PADDED, SITE, Sealed, Vault, VaultError, ensure_scope, vault

FIELDS = {"name": "Айгүл Ұзақ", "email": "aigul@example.org", "comment": None, "updates": True}
NONCE_AND_TAG = 12 + 16


@pytest.fixture
def scopes(app: Flask) -> Iterator[None]:
    """Two scopes with a prepared data key each."""
    with app.app_context():
        for scope in ("petition:one", "petition:two"):
            ensure_scope(scope)
            vault().prepare(scope)
        yield


def seal(fields: dict[str, Any] = FIELDS, *, scope: str = "petition:one", public_id: str = "row") -> Sealed:
    return vault().seal(scope, "context", public_id, fields)


def unseal(sealed: Sealed, **other: str) -> dict[str, Any]:
    return vault().open(sealed, **{"scope": "petition:one", "context": "context", "public_id": "row", **other})


def test_what_was_sealed_opens(scopes: None) -> None:
    assert unseal(seal()) == FIELDS
    rows = vault().opener("petition:one", "context")
    sealed = seal(public_id="another")
    assert rows(sealed.key_id, sealed.data_key_id, sealed.blob, "another") == FIELDS


def test_the_blob_shows_nothing_and_is_new_each_time(scopes: None) -> None:
    first, second = seal(), seal()
    assert b"example" not in first.blob
    assert first.blob != second.blob
    assert first.blob[:12] != second.blob[:12]


@pytest.mark.parametrize("other", [{"scope": "petition:two"}, {"context": "other"}, {"public_id": "row2"}])
def test_a_row_opens_only_as_itself(scopes: None, other: dict[str, str]) -> None:
    with pytest.raises(VaultError):
        unseal(seal(), **other)


def test_lengths_keep_neighbouring_names_apart(scopes: None) -> None:
    sealed = vault().seal("petition:one", "context", "ab", FIELDS)
    for context, public_id in (("contexta", "b"), ("contex", "tab")):
        with pytest.raises(VaultError):
            vault().open(sealed, scope="petition:one", context=context, public_id=public_id)


def test_swapped_rows_do_not_open(scopes: None) -> None:
    ours, other = seal(public_id="ours"), seal(public_id="other")
    with pytest.raises(VaultError):
        unseal(other, public_id="ours")
    with pytest.raises(VaultError):
        unseal(replace(ours, blob=other.blob), public_id="ours")


def test_key_names_are_bound(scopes: None) -> None:
    one, two = seal(), seal(scope="petition:two")
    for changed in (
        replace(one, key_id=two.key_id), replace(one, data_key_id=two.data_key_id),
        replace(one, key_id=two.key_id, data_key_id=two.data_key_id), replace(one, data_key_id="0" * 16),
    ):  # fmt: skip
        with pytest.raises(VaultError):
            unseal(changed)


def test_key_names_are_bound_where_the_data_key_is_not_yet_open(scopes: None) -> None:
    one, two = seal(), seal(scope="petition:two")
    vault().forget()
    with pytest.raises(VaultError):
        unseal(replace(one, key_id=two.key_id))


def test_any_flipped_byte_is_found(scopes: None) -> None:
    sealed = seal()
    for place in range(len(sealed.blob)):
        blob = bytearray(sealed.blob)
        blob[place] ^= 1
        with pytest.raises(VaultError):
            unseal(replace(sealed, blob=bytes(blob)))


@pytest.mark.parametrize("length", [0, 1, 11, 12, 27, 28, 200])
def test_a_cut_blob_is_found(scopes: None, length: int) -> None:
    sealed = seal()
    with pytest.raises(VaultError):
        unseal(replace(sealed, blob=sealed.blob[:length]))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(st.text(max_size=20), st.text(st.characters(exclude_categories=["Cs"])) | st.integers() | st.none())
)
def test_any_fields_come_back(scopes: None, fields: dict[str, Any]) -> None:
    assert unseal(seal(fields)) == fields


@pytest.mark.parametrize(
    ("letters", "size"),
    [
        (0, 256),
        (1, 256),
        (240, 256),
        (241, 1024),
        (1008, 1024),
        (1009, 4096),
        (4080, 4096),
        (4081, 8192),
        (9000, 12288),
    ],
)
def test_the_length_of_a_blob_tells_only_its_step(scopes: None, letters: int, size: int) -> None:
    sealed = seal({"name": "a" * letters})  # {"name": "…"} and its length are 16 bytes
    assert len(sealed.blob) == size + NONCE_AND_TAG
    assert unseal(sealed)["name"] == "a" * letters


def test_steps_are_the_designs(app: Flask) -> None:
    assert PADDED == (256, 1024, 4096)


def test_nothing_is_sealed_without_a_prepared_key(app: Flask) -> None:
    with app.app_context(), pytest.raises(VaultError, match="no data key"):
        vault().seal(SITE, "context", "row", FIELDS)


def test_a_scope_without_a_key_cannot_be_prepared(app: Flask) -> None:
    with app.app_context(), pytest.raises(VaultError, match="has no key"):
        vault().prepare("petition:unknown")


def test_a_role_without_the_keystore_seals_but_never_opens(app: Flask, scopes: None) -> None:
    own = vault()
    public = Vault(Keystore(own.keystore.folder), own.keystore.site_public_key(), holds_keystore=False)
    public.prepare("petition:one")
    sealed = public.seal("petition:one", "context", "row", FIELDS)
    with pytest.raises(KeyMissing):
        public.open(sealed, scope="petition:one", context="context", public_id="row")
    with pytest.raises(KeyMissing):
        public.index_key(sealed.key_id)
    with pytest.raises(KeyMissing):
        public.create_scope("petition:three")
    db.session.rollback()
    assert unseal(sealed) == FIELDS  # the office of the same site can


def test_a_lost_key_file_is_named(app: Flask, scopes: None) -> None:
    sealed = seal()
    vault().forget()
    (vault().keystore.folder / f"scope-{sealed.key_id}.json").unlink()
    with pytest.raises(KeyMissing):
        unseal(sealed)
