"""Mails about our mails: delivery reports (RFC 3464) and complaints of readers (RFC 5965), read from whatever came back.

Anybody can send such a mail, so that it is believed by the token only that the one mail it is about carried."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import policy
from email.message import Message
from email.parser import BytesParser
from email.utils import parseaddr

from core import refusals

LARGEST = 1_000_000  # bytes that are read of one
TOKEN = re.compile(r"\+([0-9a-f]{16})@", re.IGNORECASE)
MESSAGE_ID = re.compile(r"<([0-9a-f]{16})@")
ADDRESSED = ("To", "Delivered-To", "X-Original-To", "Envelope-To")
REFUSED, COMPLAINT = "refused", "complaint"


class NoReport(ValueError):
    """A mail that says nothing of a mail of ours, or nothing that lasts."""


@dataclass(frozen=True)
class Report:
    """`kind`: refused for good, or a complaint; `token`: of the mail it is about; `recipients`: whom it names, if anybody."""

    kind: str
    token: str
    recipients: frozenset[str]


def read(raw: bytes) -> Report:
    """What a mail says about one of ours. Raises NoReport."""
    message = BytesParser(policy=policy.compat32).parsebytes(raw[:LARGEST])
    look = LOOKS.get(str(message.get_param("report-type", "")).lower())
    if message.get_content_type() != "multipart/report" or look is None:
        raise NoReport("no report")
    kind, recipients = look(message)
    return Report(kind, _token(message), frozenset(recipients))


def _delivery(message: Message) -> tuple[str, set[str]]:
    """Whose mailbox refused it for good; a delay, or a refusal that is about us, says nothing of the mailbox.

    A mail of ours has one recipient. Where a report names several, the mailbox passes its mail on: as long as it reaches one
    of them, it is there."""
    named = [fields for fields in _fields(message, "message/delivery-status") if fields["Action"]]
    if not named or not all(map(_failed_for_good, named)):
        raise NoReport("nobody refused it for good, or somebody got it")
    return REFUSED, {_address(fields, name) for fields in named for name in ("Final-Recipient", "Original-Recipient")}


def _failed_for_good(fields: Message) -> bool:
    failed = str(fields["Action"]).strip().lower() == "failed"
    return failed and refusals.status_of_recipient(str(fields.get("Status", "")).strip())


def _feedback(message: Message) -> tuple[str, set[str]]:
    for fields in _fields(message, "message/feedback-report"):
        if str(fields.get("Feedback-Type", "")).strip().lower() == "abuse":
            return COMPLAINT, {_address(fields, "Original-Rcpt-To")}
    raise NoReport("no complaint")


LOOKS = {"delivery-status": _delivery, "feedback-report": _feedback}


def _fields(message: Message, kind: str) -> Iterator[Message]:
    """The groups of fields of the report's machine-readable part."""
    for part in message.walk():
        if part.get_content_type() == kind and isinstance(part.get_payload(), list):
            yield from (group for group in part.get_payload() if isinstance(group, Message))


def _address(fields: Message, name: str) -> str:
    """The address of a field like `rfc822; ada@example.org`, or `<ada@example.org>`; empty where there is none."""
    return parseaddr(str(fields.get(name, "")).rpartition(";")[2].strip())[1]


def _token(message: Message) -> str:
    """From the address that it came to, else from the Message-ID of our mail, which it returns whole or by its head."""
    for name in ADDRESSED:
        if found := TOKEN.search(" ".join(map(str, message.get_all(name, [])))):
            return found[1].lower()
    for part in message.walk():
        returned = str(part.get_payload()) if part.get_content_type() == "text/rfc822-headers" else ""
        named = "" if part is message else str(part.get("Message-ID", ""))
        if found := MESSAGE_ID.search(named) or MESSAGE_ID.search(returned):
            return found[1]
    raise NoReport("not about a mail of ours")
