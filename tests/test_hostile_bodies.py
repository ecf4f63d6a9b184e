"""Bad input at the three doors that strangers write to: never a 5xx, never a row."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
import stripe
from flask import Flask
from sqlalchemy import func, select

from core.db import Base, db
from core.tokens import form_token
from tests.conftest import WEBHOOK_SECRET
from tests.factories import make_case, make_petition

FORM = "application/x-www-form-urlencoded"
Body = tuple[str, bytes]

HIDDEN = [
    "a\x00b", "\x1b[31m", "a\u202eb", "a\u2066b", "\u200b", "\ufeffx", "\ufffd", "a\u0007", "a\u0085b", "\ue000", "\U000e0001x",
    "x" * 501, "😀" * 501,
]  # fmt: skip
LINES = [*HIDDEN, "https://evil.example", "www.evil.com"]
NAMES = [
    *LINES, "\u0301" * 40, "", " ", "\u3000", "123", "!!!", "evil.com", "t.me/x", "bit.ly/x1", "ftp://x", "javascript://x",
    "a" * 121,
]  # fmt: skip
EMAILS = [
    "", " ", "a", "a@", "@b.org", "a@b", "a@@b.org", "a b@c.org", "a@b..org", ".a@b.org", "a.@b.org", "a@-b.org", "a@b.org\r\nBcc: c@d.org",
    "a@b.org\x00", "a@[127.0.0.1]", '"a b"@c.org', "a" * 65 + "@b.org", "a@" + "b" * 64 + ".org", "a@" + "b." * 130 + "org",
    "a@b.org,c@d.org", "Ada <a@b.org>", "a@\u202eb.org", "\u200ba@b.org\ud83d".encode("utf-8", "replace").decode(), "a@b.org;", "a\\@b",
]  # fmt: skip
COUNTRIES = ["", "XX", "ie", "IRL", "EU", "ZZ", "\x00", "I", "IE;DROP", "QO", "💥", "IE" * 300]
CHOICES = ["", "all", "PUBLIC", "public ", "0", "true", "\x00", "[]"]
TOKENS = [
    "",
    "x",
    "1.x",
    "0.",
    ".",
    "-1.x",
    "9" * 400,
    "1e9.x",
    "٣.x",
    "\x00.\x00",
    "99999999999.AAAAAAAAAAAAAAAAAAAAAA",
]
AMOUNTS = [
    "", "-5", "0", "0.00", "1e9", "1E2", "NaN", "Infinity", "-Infinity", "٥", "٢٥", "1,000", "1.000", "10.505", "10,5,0", "0x10", "1_000",
    "25 EUR", "€25", "25.", ".5", "+25", "２５", "9" * 9, "9" * 400, "1.9", "\x00", "25\x00", "--1", "1/2", "=25", "25;", "None",
]  # fmt: skip
CURRENCIES = ["", "eur", "XTS", "BTC", "EURO", "\x00", "EUR,USD", "E" * 500]
FREQUENCIES = ["", "daily", "ONCE", "\x00", "monthly,once"]
RAW_FORMS: list[Body] = [
    (FORM, b""), (FORM, b"\x00" * 100), (FORM, b"%"), (FORM, b"%zz=%zz"), (FORM, b"name=%ff%fe&email=%ff"), (FORM, b"&" * 5000), (FORM, b"=" * 5000),
    (FORM, b"name=" + b"a" * 70_000), (FORM, b"x=1&" * 12_000), (FORM, b"name[]=a&name[0]=b"), (FORM, b"name=a;email=b"),
    ("application/json", b'{"name": "a"}'), ("application/json", b"{"), ("text/plain", b"name=a"), ("text/xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a/>"),
    ("multipart/form-data", b"no boundary"), ("multipart/form-data; boundary=x", b"--x\r\n"), ("multipart/form-data; boundary=x", b"--x--\r\n"),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\na'),
    ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="email"; filename="e.exe"\r\n\r\nMZ\r\n--x--\r\n'),
    ("multipart/form-data; boundary=" + "x" * 500, b"--y"), ("", b"name=a"), (FORM + "; charset=utf-7", b"name=+ADw-"), (FORM + "; charset=nonsense", b"name=a"),
]  # fmt: skip
EVENT = {
    "id": "evt_h",
    "object": "event",
    "type": "checkout.session.completed",
    "livemode": False,
    "api_version": "2026-10-28.endive",
}
BAD_JSON: list[bytes] = [
    b"", b"{", b"null", b"[]", b"{}", b"1", b'"x"', b"true", b"\xff\xfe", b"\x00", b'{"id": "evt_1"}', b'{"id": null}', b'{"id": 5, "type": 6}',
    b"[" * 10_000, b'{"a":' * 5_000, b"NaN", b"1e999", b'{"object": "v2.core.event", "id": "evt_2", "type": "v1.x"}', "{\"id\": \"é".encode("latin-1"),
]  # fmt: skip
BAD_EVENTS: list[dict[str, Any]] = [
    {**EVENT, "id": ""}, {**EVENT, "id": None}, {**EVENT, "id": ["x"]}, {**EVENT, "id": "x" * 5000}, {**EVENT, "type": None}, {**EVENT, "type": {}},
    {**EVENT, "data": None}, {**EVENT, "data": []}, {**EVENT, "data": {"object": None}}, {**EVENT, "data": {"object": []}}, {**EVENT, "data": "x"},
    {**EVENT, "livemode": True, "created": 1, "data": {"object": {}}}, {**EVENT, "livemode": "no", "data": {"object": {}}},
]  # fmt: skip
HEADERS = [
    "",
    "t=,v1=",
    "t=1,v1=x",
    "v0=x",
    "t=x,v1=x",
    "t=99999999999999999999,v1=x",
    "\u00e9",
    "t=1;v1=x",
    "," * 500,
    "t=1,v1=" + "a" * 5000,
]


def sign_bodies() -> Iterator[dict[str, str]]:
    good = {"name": "Ada Example", "email": "ada@example.org", "country": "IE", "visibility": "counted"}
    hostile = {
        "name": NAMES, "email": EMAILS, "country": COUNTRIES, "visibility": CHOICES, "token": TOKENS,
        "affiliation": LINES, "role": LINES, "postal_code": HIDDEN, "comment": HIDDEN,
    }  # fmt: skip
    for field, values in hostile.items():
        yield from ({**good, field: value} for value in values)


def donate_bodies() -> Iterator[dict[str, str]]:
    good = {"amount": "25", "currency": "EUR", "frequency": "once", "name": "Ada Example", "email": "ada@example.org"}
    hostile = {
        "amount": AMOUNTS, "currency": CURRENCIES, "frequency": FREQUENCIES, "name": NAMES[:-9], "email": EMAILS, "token": TOKENS,
        "message": HIDDEN,
    }  # fmt: skip
    for field, values in hostile.items():
        yield from ({**good, field: value} for value in values)


def webhook_bodies() -> Iterator[tuple[bytes, str]]:
    for body in BAD_JSON:
        yield body, signed(body)
    for event in BAD_EVENTS:
        body = json.dumps(event).encode()
        yield body, signed(body)
    body = json.dumps({**EVENT, "created": int(time.time()), "data": {"object": {"id": "cs_x"}}}).encode()
    yield from ((body, header) for header in HEADERS)


def signed(body: bytes) -> str:
    moment = int(time.time())
    payload = b"%d." % moment + body
    return f"t={moment},v1={stripe.WebhookSignature._compute_signature(payload.decode('latin-1'), WEBHOOK_SECRET)}"


def test_there_are_more_than_two_hundred() -> None:
    counted = len(list(sign_bodies())) + len(list(donate_bodies())) + len(list(webhook_bodies())) + 2 * len(RAW_FORMS)
    assert counted >= 200


@pytest.fixture
def doors(app: Flask) -> dict[str, str]:
    with app.app_context():
        petition = make_petition(make_case(slug="hostile"))
        return {"sign": f"/petitions/{petition.slug}/sign", "donate": "/donate/hostile"}


def rows(app: Flask) -> dict[str, int]:
    with app.app_context():
        return {
            table.name: db.session.scalar(select(func.count()).select_from(table))
            for table in Base.metadata.sorted_tables
        }


@pytest.mark.parametrize("door", ["sign", "donate"])
def test_hostile_forms_get_a_4xx_and_leave_no_row(app: Flask, doors: dict[str, str], door: str) -> None:
    with app.test_request_context():
        token = form_token()
    before, client, wrong = rows(app), app.test_client(), []
    for fields in sign_bodies() if door == "sign" else donate_bodies():
        body = urlencode({"token": token, **fields}).encode()
        status = client.post(doors[door], data=body, content_type=FORM).status_code
        wrong += [(fields, status)] if not 400 <= status < 500 else []
    for content_type, body in RAW_FORMS:
        status = client.post(doors[door], data=body, content_type=content_type).status_code
        wrong += [((content_type, body[:60]), status)] if not 400 <= status < 500 else []
    assert not wrong, "\n".join(repr(one)[:160] for one in wrong)
    assert rows(app) == before


def test_hostile_webhooks_get_a_400_and_leave_no_row(app: Flask) -> None:
    before, client, wrong = rows(app), app.test_client(), []
    for body, header in webhook_bodies():
        answer = client.post("/stripe/webhook", data=body, headers={"Stripe-Signature": header})
        wrong += [(body[:80], header[:40], answer.status_code)] if answer.status_code != 400 else []
    for content_type, body in RAW_FORMS:
        answer = client.post("/stripe/webhook", data=body, content_type=content_type)
        wrong += [(body[:80], "", answer.status_code)] if answer.status_code != 400 else []
    after = rows(app)
    assert not wrong, "\n".join(repr(one)[:160] for one in wrong)
    assert {name: count for name, count in after.items() if name != "jobs"} == {
        k: v for k, v in before.items() if k != "jobs"
    }
