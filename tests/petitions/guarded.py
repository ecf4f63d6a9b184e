"""A campaign with its limits on, and crowds that sign it from networks of their own."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from core.tor_exits import TorExits
from tests.petitions.conftest import Campaign

FIRST = [
    "Ada",
    "Alan",
    "Amina",
    "Anna",
    "Aoife",
    "Bela",
    "Boris",
    "Carla",
    "Chen",
    "Clara",
    "Daniel",
    "Dora",
    "Elena",
    "Emeka",
    "Fatima",
    "Felix",
    "Finn",
    "Greta",
    "Hana",
    "Hugo",
    "Ines",
    "Ivan",
    "Jamal",
    "Jana",
    "Joao",
    "Katya",
    "Lars",
    "Leila",
    "Luca",
    "Maria",
    "Marek",
    "Mina",
    "Nadia",
    "Nils",
    "Nora",
    "Olga",
    "Omar",
    "Pavel",
    "Petra",
    "Rosa",
    "Sami",
    "Sara",
    "Tariq",
    "Vera",
    "Yara",
]
LAST = [
    "Abbas",
    "Adler",
    "Bauer",
    "Brown",
    "Byrne",
    "Costa",
    "Diaz",
    "Dubois",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Gruber",
    "Haddad",
    "Hansen",
    "Horvat",
    "Ivanova",
    "Jensen",
    "Kaya",
    "Keller",
    "Khan",
    "Kovacs",
    "Kowalski",
    "Lind",
    "Lopez",
    "Moreau",
    "Murphy",
    "Nagy",
    "Novak",
    "Okafor",
    "Olsen",
    "Popov",
    "Rossi",
    "Sato",
    "Silva",
    "Smith",
    "Varga",
    "Weber",
    "Yilmaz",
]
NAMES = [f"{first} {last}" for first, last in product(FIRST, LAST)]
PUBLIC_DOMAINS = ("gmail.com", "outlook.com", "mail.ru", "gmx.de", "yahoo.com", "proton.me")


@contextmanager
def limits_on(app: Flask) -> Iterator[None]:
    """The app as on a real server: limits, crowds and proofs of work; nobody asks the DNS for reserved domains."""
    settings, limiter = app.config["UNDERSIGNED"], app.extensions["limiter"]
    app.config["UNDERSIGNED"], limiter.enabled = replace(settings, limits=True), True
    limiter.storage.reset()
    try:
        yield
    finally:
        app.config["UNDERSIGNED"], limiter.enabled = settings, False
        for name in ("crowds", "mail_servers"):
            app.extensions.pop(name, None)


@contextmanager
def through_tor(app: Flask) -> Iterator[None]:
    """Limits on, and whoever comes from this machine comes through Tor."""
    with limits_on(app), TemporaryDirectory() as folder:
        path = Path(folder, "tor-exits.txt")
        path.write_text("127.0.0.1")
        limiter = app.extensions["limiter"]
        before, limiter.exits = limiter.exits, TorExits(path)
        try:
            yield
        finally:
            limiter.exits = before


def sign_from(campaign: Campaign, address: str, network: str, name: str = "Ada Example", **fields: Any) -> TestResponse:
    given = {
        "name": name,
        "email": address,
        "country": "IE",
        "visibility": "recipients",
        "token": campaign.token(),
        **fields,
    }
    client = campaign.client
    return client.post(f"/petitions/{campaign.slug}/sign", data=given, environ_base={"REMOTE_ADDR": network})


def people(number: int, step: int = 7) -> list[tuple[str, str, str]]:
    """(name, first, last) of as many people; a few bear the same name, as everywhere."""
    chosen = [NAMES[(at * step) % len(NAMES)] for at in range(number)]
    return [(name, *name.lower().split()) for name in chosen]  # type: ignore[misc]


def held(campaign: Campaign) -> Counter[str]:
    """How many submissions are held, by reason."""
    campaign.work()
    return Counter(row.held_reason.value for row in campaign.submissions() if row.held_reason)
