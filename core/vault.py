"""The vault: seals personal data of an opaque scope (a petition, the site) so that the public server cannot read it back.

PyNaCl's SealedBox carries each process's data keys to the scope's public key; `cryptography`'s AES-256-GCM seals the rows."""

import json
import secrets
import struct
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app
from nacl.exceptions import BadSignatureError, CryptoError
from nacl.public import PublicKey, SealedBox
from nacl.signing import VerifyKey
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from core import clock
from core.data_keys import DATA_KEY_LIFE, DataKeyAtHand, DataKeysAtHand
from core.db import db
from core.keystore import KeyMissing, Keystore, ScopeKey
from core.vault_models import DataKey as DataKey
from core.vault_models import VaultKey as VaultKey

SITE = "site"
PADDED = (256, 1024, 4096)
OPENED_KEYS = 4096
SealedRow = tuple[str, str, bytes, str]  # key id, data key id, blob, public id


class VaultError(Exception):
    """Something cannot be sealed or opened: no key, a forged key, or a changed row."""


@dataclass(frozen=True)
class Sealed:
    """What a row stores: the names of its keys and one padded blob."""

    key_id: str
    data_key_id: str
    blob: bytes


class Vault:
    """One a process. `prepare` before a transaction begins, `seal` within it; `open` needs the keystore."""

    def __init__(self, keystore: Keystore, site_public_key: str, *, holds_keystore: bool) -> None:
        self.keystore = keystore
        self.holds_keystore = holds_keystore
        self.site_public_key = b64decode(site_public_key)
        self._site = VerifyKey(self.site_public_key)
        self._at_hand = DataKeysAtHand(self._new_data_key)
        self._opened: OrderedDict[str, AESGCM] = OrderedDict()
        self._opened_until = clock.now()

    def create_scope(self, scope: str) -> VaultKey:
        """A new key pair for the scope, its public half signed and added to the session."""
        self._need_keystore()
        return self.publish(scope, self.keystore.create_scope_key())

    def publish(self, scope: str, made: ScopeKey) -> VaultKey:
        """Signs the public half of a key in the keystore and adds it to the session as the scope's active one."""
        public = bytes(made.private.public_key)
        signature = self.keystore.site_key().sign(_key_statement(scope, made.key_id, public)).signature
        key = VaultKey(id=made.key_id, scope=scope, public_key=public, signature=signature, created_at=clock.now())
        db.session.add(key)
        return key

    def prepare(self, scope: str) -> None:
        """Makes sure that a data key with a minute to live is committed; call while no write transaction is open."""
        self._at_hand.prepare(scope)

    def seal(self, scope: str, context: str, public_id: str, fields: Mapping[str, Any]) -> Sealed:
        """Seals the fields for the row `public_id`. Raises VaultError without a prepared key that is still alive."""
        current = self._at_hand.of(scope)
        if current is None:
            raise VaultError(f"no data key is prepared for {scope}")
        current.uses += 1
        nonce = secrets.token_bytes(12)
        bound = _lengths(context, scope, current.key_id, current.data_key_id, public_id)
        blob = nonce + current.cipher.encrypt(nonce, _pad(json.dumps(fields, ensure_ascii=False).encode()), bound)
        return Sealed(current.key_id, current.data_key_id, blob)

    def open(self, sealed: Sealed, *, scope: str, context: str, public_id: str) -> dict[str, Any]:
        """The fields of a sealed row. Raises VaultError for a changed or moved row, KeyMissing without the key's file."""
        return self.opener(scope, context)(sealed.key_id, sealed.data_key_id, sealed.blob, public_id)

    def opener(self, scope: str, context: str) -> Callable[[str, str, bytes, str], dict[str, Any]]:
        """`open` for many rows of one scope: called with key id, data key id, blob and public id of each."""
        unseal = self._unsealer(scope, context)
        return lambda *row: json.loads(unseal(*row))

    def batch_opener(self, scope: str, context: str) -> Callable[[Iterable[SealedRow]], list[dict[str, Any]]]:
        """The same for rows that come in batches: their JSON is read at once."""
        unseal = self._unsealer(scope, context)
        return lambda rows: json.loads(b"[%b]" % b",".join([unseal(*row) for row in rows]))

    def _unsealer(self, scope: str, context: str) -> Callable[[str, str, bytes, str], bytes]:
        known: dict[tuple[str, str], tuple[AESGCM, bytes]] = {}

        def unseal(key_id: str, data_key_id: str, blob: bytes, public_id: str) -> bytes:
            if (key_id, data_key_id) not in known:
                cipher = self._open_data_key(key_id, data_key_id)
                known[key_id, data_key_id] = cipher, _lengths(context, scope, key_id, data_key_id)
            cipher, bound = known[key_id, data_key_id]
            try:
                own_id = public_id.encode()
                plain = cipher.decrypt(
                    blob[:12], blob[12:], b"%b%b%b" % (bound, len(own_id).to_bytes(4, "big"), own_id)
                )
            except (InvalidTag, ValueError) as error:  # ValueError: cut shorter than a nonce
                raise VaultError(f"row {public_id} was changed or moved") from error
            return plain[4 : 4 + int.from_bytes(plain[:4], "big")]

        return unseal

    def index_key(self, key_id: str) -> bytes:
        """The key of the scope's blind index; office and worker only."""
        self._need_keystore()
        return self.keystore.scope_key(key_id).index_key

    def forget(self) -> None:
        """Drops every data key from memory."""
        self._at_hand.forget()
        self._opened.clear()

    def renew(self, scope: str) -> None:
        """`prepare`, however young the data key at hand: its pair has been retired."""
        self._at_hand.renew(scope)

    def forget_opened(self) -> None:
        """Drops the opened data keys: one may be of a key that was destroyed."""
        self._opened.clear()

    def _new_data_key(self, scope: str) -> DataKeyAtHand:
        key_id = ""
        # again where the pair was retired before the commit: whoever destroys it may not have seen the row
        while key_id != (active := self._active(scope)).id:
            key_id, raw, data_key_id = active.id, AESGCM.generate_key(256), secrets.token_hex(8)
            sealed = SealedBox(PublicKey(active.public_key)).encrypt(raw)
            values = {"id": data_key_id, "key_id": key_id, "sealed": sealed, "created_at": clock.now()}
            with db.engine.begin() as connection:
                connection.execute(insert(DataKey).values(values))
        return DataKeyAtHand(key_id, data_key_id, AESGCM(raw))

    def _active(self, scope: str) -> Any:
        """The scope's active public key, found to be signed by the site key."""
        columns = (VaultKey.id, VaultKey.public_key, VaultKey.signature)
        query = select(*columns).where(VaultKey.scope == scope, VaultKey.retired_at.is_(None))
        with db.engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise VaultError(f"{scope} has no key")
        self.verify(scope, row.id, row.public_key, row.signature)
        return row

    def verify(self, scope: str, key_id: str, public_key: bytes, signature: bytes) -> None:
        try:
            self._site.verify(_key_statement(scope, key_id, public_key), signature)
        except (BadSignatureError, ValueError) as error:
            raise VaultError(f"the public key of {scope} is not signed by the site key") from error

    def _open_data_key(self, key_id: str, data_key_id: str) -> AESGCM:
        self._need_keystore()
        if clock.now() >= self._opened_until:  # what opens the rows of a destroyed key must not stay in any memory
            self._opened.clear()
            self._opened_until = clock.now() + DATA_KEY_LIFE
        if (known := self._opened.get(data_key_id)) is not None:
            return known
        row = db.session.get(DataKey, data_key_id)
        if row is None or row.key_id != key_id:
            raise VaultError(f"data key {data_key_id} is unknown")
        try:
            raw = SealedBox(self.keystore.scope_key(key_id).private).decrypt(row.sealed)
        except CryptoError as error:
            raise VaultError(f"data key {data_key_id} does not open") from error
        self._opened[data_key_id] = AESGCM(raw)
        while len(self._opened) > OPENED_KEYS:
            self._opened.popitem(last=False)
        return AESGCM(raw)

    def _need_keystore(self) -> None:
        if not self.holds_keystore:
            raise KeyMissing("this role holds no keystore")


def vault() -> Vault:
    """The process's vault."""
    return current_app.extensions["vault"]


def ensure_scope(scope: str) -> None:
    """Commits a key for the scope unless it has one; another process that was faster wins."""
    if db.session.scalar(select(VaultKey.id).where(VaultKey.scope == scope, VaultKey.retired_at.is_(None))) is None:
        vault().create_scope(scope)
        try:
            db.session.commit()
        except IntegrityError:
            db.session.rollback()


def _lengths(*parts: str) -> bytes:
    encoded = [part.encode() for part in parts]
    return b"".join([len(part).to_bytes(4, "big") + part for part in encoded])


def _key_statement(scope: str, key_id: str, public_key: bytes) -> bytes:
    return _lengths("undersigned/vault-key/v1", scope, key_id, public_key.hex())


def _pad(plain: bytes) -> bytes:
    framed = struct.pack(">I", len(plain)) + plain
    size = next((size for size in PADDED if len(framed) <= size), -(-len(framed) // 4096) * 4096)
    return framed.ljust(size, b"\0")
