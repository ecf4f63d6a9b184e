"""Mails of one mailing to many: a look, just before each goes, whether it still may; and where its bounces come back to."""

from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any, NamedTuple

from flask import current_app

Check = Callable[[str, Mapping[str, Any]], str]  # address, what the promise was told → why not, or nothing


class Watch(NamedTuple):
    """What one kind of mailing looks at before each mail, and does in the commit that marks it as sent."""

    why_not: Check
    went: Callable[[Mapping[str, Any]], None] = lambda told: None


class Addressee(NamedTuple):
    """Somebody to whom a mailing goes. `row`: their row in the table that was read, which the reader knows how to use."""

    row: int
    email: str
    language: str


def why_not(sealed: Mapping[str, Any]) -> str:
    """Why a promised mail must not go any more; empty where it may, or where it is none of a mailing."""
    if "bulk" not in sealed:
        return ""
    name, told = sealed["bulk"]
    return _watch(name).why_not(sealed["to"], told)


def went(sealed: Mapping[str, Any]) -> None:
    """A mail was handed over; of one that is none of a mailing nothing is noted here."""
    if "bulk" in sealed:
        name, told = sealed["bulk"]
        _watch(name).went(told)


def return_path(message: EmailMessage, token: str, bounces: str | None) -> str | None:
    """The envelope's sender (VERP): the address for bounces with the mail's own token; None for the sender of the mail."""
    if bounces is None or message.get_body(("html",)) is None:
        return None
    local, _, domain = bounces.partition("@")
    return f"{local}+{token}@{domain}"


def _watch(name: str) -> Watch:
    watches: Mapping[str, Watch] = current_app.extensions["mail_checks"]
    return watches[name]
