"""Passkeys as the server judges them: what a browser could send is made here by a key in software."""

import hashlib
import json
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask
from sqlalchemy import select

from core.db import db
from organisers.accounts.models import OfficeSession, Passkey
from tests.organisers.conftest import Office, enter
from tests.organisers.test_sessions import is_in

FACTORS, PROOF = "/office/account/factors", "/office/login/proof"
ORIGIN, HOST = "http://localhost", "localhost"
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Key:
    """An authenticator with one passkey; each of its answers can be bent."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = b"k" * 32
    count: int = 0

    def made(self, challenge: str, **bent: Any) -> str:
        point = self.private.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32, "big"), -3: point.y.to_bytes(32, "big")})
        attested = bytes(16) + struct.pack(">H", len(self.id)) + self.id + public
        data = self._data(bent.pop("flags", PRESENT | VERIFIED) | ATTESTED, bent.pop("host", HOST)) + attested
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", challenge, **bent)
        return self._answer({"clientDataJSON": text(client), "attestationObject": text(attestation)})

    def signed(self, challenge: str, **bent: Any) -> str:
        self.count = bent.pop("count", self.count + 1)
        data = self._data(bent.pop("flags", PRESENT | VERIFIED), bent.pop("host", HOST))
        client = self._client("webauthn.get", challenge, **bent)
        signature = self.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {"clientDataJSON": text(client), "authenticatorData": text(data), "signature": text(signature)}
        )

    def _data(self, flags: int, host: str) -> bytes:
        return hashlib.sha256(host.encode()).digest() + struct.pack(">BI", flags, self.count)

    def _client(self, kind: str, challenge: str, origin: str = ORIGIN) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": origin}).encode()

    def _answer(self, response: dict[str, str]) -> str:
        named = {"id": text(self.id), "rawId": text(self.id), "type": "public-key", "clientExtensionResults": {}}
        return json.dumps({**named, "response": response})


def asked(office: Office, path: str, page: str) -> dict[str, Any]:
    answer = office.client.post(path, data={"csrf_token": office.token(page)})
    assert answer.status_code == 200 and answer.content_type == "application/json"
    return json.loads(answer.text)


def to_make(office: Office) -> dict[str, Any]:
    return asked(office, f"{FACTORS}/passkey/options", FACTORS)


def to_sign(office: Office) -> dict[str, Any]:
    return asked(office, f"{PROOF}/passkey/challenge", PROOF)


def prove(office: Office, answer: str) -> int:
    data = {"csrf_token": office.token(PROOF), "answer": answer, "next": "/office/rates"}
    return office.client.post(f"{PROOF}/passkey", data=data).status_code


@pytest.fixture
def key(office: Office) -> Key:
    made = Key()
    answer = office.post(f"{FACTORS}/passkey", name="my phone", answer=made.made(to_make(office)["challenge"]))
    assert answer.status_code == 200 and "recovery codes" in answer.text
    return made


def test_what_the_browser_is_asked_for(office: Office, key: Key) -> None:
    options = to_make(office)
    assert options["rp"]["id"] == HOST and options["authenticatorSelection"]["userVerification"] == "required"
    assert "authenticatorAttachment" not in options["authenticatorSelection"]
    assert [one["id"] for one in options["excludeCredentials"]] == [text(key.id)]
    assert len(urlsafe_b64decode(options["challenge"] + "==")) == 32


def test_a_passkey_lets_in_and_its_counter_is_kept(app: Flask, key: Key) -> None:
    office = enter(app)
    assert not is_in(office.client)
    assert prove(office, key.signed(to_sign(office)["challenge"])) == 303
    assert is_in(office.client)
    with app.app_context():
        assert db.session.scalars(select(Passkey.sign_count)).one() == key.count


def test_a_challenge_is_answered_once(app: Flask, key: Key) -> None:
    first, second = enter(app), enter(app)
    challenge = to_sign(first)["challenge"]
    answer = key.signed(challenge)
    assert prove(second, answer) == 422, "a challenge belongs to one session"
    assert prove(first, answer) == 303
    assert prove(first, answer) == 422
    with app.app_context():
        assert set(db.session.scalars(select(OfficeSession.challenge))) == {None}


@pytest.mark.parametrize(
    "bent",
    [
        {"flags": PRESENT},
        {"flags": VERIFIED},
        {"origin": "https://evil.example"},
        {"host": "evil.example"},
        {"count": 0},
    ],
)
def test_an_answer_that_does_not_hold_lets_nobody_in(app: Flask, key: Key, bent: dict[str, Any]) -> None:
    office = enter(app)
    assert prove(office, key.signed(to_sign(office)["challenge"])) == 303
    again = enter(app)
    assert prove(again, key.signed(to_sign(again)["challenge"], **bent)) == 422
    assert not is_in(again.client)


def test_anothers_key_lets_nobody_in(app: Flask, key: Key) -> None:
    office = enter(app)
    assert prove(office, Key(id=b"x" * 32).signed(to_sign(office)["challenge"])) == 422
    assert prove(office, Key(id=key.id).signed(to_sign(office)["challenge"])) == 422
    other = enter(app, "oleg@example.org")
    theirs = Key(id=b"o" * 32)
    assert (
        other.post(f"{FACTORS}/passkey", name="k", answer=theirs.made(to_make(other)["challenge"])).status_code == 200
    )
    assert prove(office, theirs.signed(to_sign(office)["challenge"])) == 422, "a passkey opens its owner's account only"


@pytest.mark.parametrize("bent", [{"flags": PRESENT}, {"origin": "https://evil.example"}, {"host": "evil.example"}])
def test_a_passkey_that_does_not_hold_is_not_kept(app: Flask, office: Office, bent: dict[str, Any]) -> None:
    answer = office.post(f"{FACTORS}/passkey", name="k", answer=Key().made(to_make(office)["challenge"], **bent))
    assert answer.status_code == 422 and "No passkey was kept" in answer.text
    with app.app_context():
        assert db.session.scalars(select(Passkey)).all() == []


@pytest.mark.parametrize(
    "answer", ["", "{}", "[]", "null", '{"id": 1}', "x" * 5000, '{"id":"a","rawId":"a","response":{}}']
)
def test_a_damaged_answer_is_refused_in_words(app: Flask, office: Office, key: Key, answer: str) -> None:
    to_make(office)
    assert office.post(f"{FACTORS}/passkey", name="k", answer=answer).status_code == 422
    again = enter(app)
    to_sign(again)
    assert prove(again, answer) == 422


def test_the_same_passkey_is_kept_once(app: Flask, office: Office, key: Key) -> None:
    again = office.post(f"{FACTORS}/passkey", name="twice", answer=key.made(to_make(office)["challenge"]))
    assert again.status_code == 422
