"""Words that the sheets share: to whom, by whom, under which number; and how they are numbered."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from babel.numbers import format_decimal
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _

from core import clock, countries, languages, site_signature
from deliveries.documents.facts import Facts

DocumentNumbers = Callable[[str], str]


def new_number(name: str) -> str:
    """A file's own random 128-bit number, so that nobody can guess its hash from its content."""
    return secrets.token_hex(16)


@contextmanager
def in_words_of(facts: Facts) -> Iterator[None]:
    with force_locale(facts.words_language):
        yield


def frame(facts: Facts, title: str, number: str) -> dict[str, Any]:
    """What every sheet says of itself."""
    return {
        "title": title, "language": languages.tag(facts.words_language), "organisation": facts.organisation,
        "server": facts.server.partition("://")[2], "footer": watermark(facts, number),
    }  # fmt: skip


def watermark(facts: Facts, number: str) -> str:
    """The foot of each page: whose copy it is, of which delivery, and the file's own number."""
    if facts.delivery:
        return _(
            "Copy for %(recipient)s · delivery %(delivery)s · document %(number)s",
            recipient=facts.recipient["name"], delivery=facts.delivery, number=number,
        )  # fmt: skip
    return _("Export for the organisers · document %(number)s", number=number)


def day(value: date) -> str:
    return clock.day(value, str(get_locale() or "en"))


def figure(value: int) -> str:
    """A number as the reader's language groups it: 1,026,412."""
    return str(format_decimal(value, locale=str(get_locale() or "en")))


def country(code: str) -> str:
    return countries.name_of(code) if code else ""


def joined(*parts: str) -> str:
    return ", ".join(filter(None, parts))


def addressed(facts: Facts) -> list[str]:
    """The recipient as an envelope has it."""
    who = facts.recipient
    lines = [who["name"], joined(who.get("role", ""), who.get("organisation", ""))]
    lines += [*(who.get("address") or "").splitlines(), country(who.get("country", ""))]
    return list(
        dict.fromkeys(line.strip() for line in lines if line.strip())
    )  # an address may name its country already


def fingerprint(facts: Facts) -> str:
    return site_signature.in_groups(facts.fingerprint)


def code(facts: Facts) -> str:
    """The cover sheet's code in groups of four."""
    said = facts.cover_code or ""
    plain = "".join(letter for letter in said if letter.isalnum())
    return " ".join(plain[start : start + 4] for start in range(0, len(plain), 4))


def proves() -> list[str]:
    return [
        _("that each file is unchanged, byte for byte, since the day it was made"),
        _("by which key it was signed: that of this site, if the fingerprint is the one that the organisers tell you"),
        _("how many lines the list has"),
        _(
            "that each line stands in the petition's public log, so that none of them can be exchanged afterwards unnoticed"
        ),
    ]


def proves_not() -> list[str]:
    return [
        _("that the people named exist: they confirmed a mailbox, and showed no identity card"),
        _("that they are distinct: one person may have several mailboxes"),
        _("that nobody was left out: who was never put into the log cannot be missed there"),
    ]


def log_limits() -> str:
    return _(
        "The log's checkpoint is signed by the same key as this delivery. Without a copy of an earlier one elsewhere it proves "
        "nothing about the time before this delivery: keep it, and compare it with the next."
    )
