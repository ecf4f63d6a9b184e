"""The mail outbox: a promise holds a template's name and sealed arguments; only the worker renders and sends.

A mail is sent at least once: killed between the server's 250 and our commit, it goes again with the same Message-ID."""

import os
import smtplib
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from email import policy
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy
from email.utils import format_datetime, formataddr, parseaddr
from functools import lru_cache
from mimetypes import guess_type
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import current_app, render_template
from flask_babel import force_locale
from sqlalchemy import update

from config import Settings
from core import alarms, bounces, bulk, clock, mail_server, refusals, relay, retelling, unsubscribes
from core.addresses import ascii_domain
from core.db import db
from core.jobs import URGENT, Hook, Job, enqueue, enqueue_otherwise, happened
from core.pdf import TypesettingFailed, typeset
from core.relay import AFTERWARDS, ESSENTIAL

WAITED = timedelta(hours=1)
TYPESETTING_TRIES = 5  # of a document that cannot be set, within a minute or so; then somebody must hear of it


@dataclass(frozen=True)
class Document:
    """A tagged PDF to be attached: its file's name, a template of templates/sheets, and what stands in it as plain data.

    `needed`: without it the mail would be nothing. One that is not, and cannot be set, stays away; the template is told by
    `attached`."""

    filename: str
    template: str
    data: dict[str, Any]
    needed: bool = True


def promise(
    template: str,
    *,
    to: str,
    key: str,
    context: Mapping[str, Any],
    language: str = "en",
    priority: int = AFTERWARDS,
    essential: bool = False,
    attachment: tuple[str, str | bytes] | None = None,
    document: Document | None = None,
    lasts: tuple[timedelta, str] | None = None,
    then: Hook | None = None,
    otherwise: Hook | None = None,
    bulk: Hook | None = None,
    teller: Hook | None = None,
) -> None:
    """Promises one mail in the current transaction, once for each key; `to`, `context` and what is attached are sealed.

    `essential` ones go before all others, and to an address that wants no mail too. `attachment`: file name, and text or bytes;
    `document`: a PDF that is set when the mail is sent.
    `lasts`: how long its links live from sending and in which zone; the template gets the day as `until`.
    `then` is a job enqueued in the commit that marks the mail as sent; `otherwise` one where it will never be, which is
    told `why`: refused, stopped or dead. Neither names a person.
    `bulk`: one of a mailing to many. It has an HTML alternative, and goes only if this check of core.bulk finds no reason why
    not; what the check is told is sealed.
    `teller`: of core.retelling, says anew what of `context` may have changed by the time the mail is composed."""
    sealed: dict[str, Any] = {"to": to, "context": dict(context), "language": language}
    if attachment is not None:
        name, content = attachment
        coded = [content] if isinstance(content, str) else [b64encode(content).decode(), "base64"]
        sealed["attachment"] = [name, *coded]
    if document is not None:
        sealed["document"] = asdict(document)
    if bulk is not None:
        sealed["bulk"] = list(bulk)
    if teller is not None:
        sealed["teller"] = list(teller)
    if lasts is not None:
        sealed["lasts"] = [lasts[0].total_seconds(), lasts[1]]
    args: dict[str, Any] = {"template": template}
    if essential:
        args["essential"], priority = True, min(priority, ESSENTIAL)
    args |= {name: list(hook) for name, hook in (("then", then), ("otherwise", otherwise)) if hook is not None}
    enqueue("mail", args, key=f"mail:{key}", sealed=sealed, priority=priority)


def recall(keys: Iterable[str]) -> None:
    """Takes back promised mails that have not been sent, given up ones too: what they hold of a person goes."""
    waiting = (Job.key.in_([f"mail:{key}" for key in keys]), Job.blob.is_not(None))
    gone = {"state": "done", "blob": None, "finished_at": clock.now()}
    db.session.execute(update(Job).where(*waiting).values(gone), execution_options={"synchronize_session": False})


def deliver(job: Job) -> None:
    """The job that renders one mail and hands it to the SMTP server, or to a file where none is set."""
    settings: Settings = current_app.config["UNDERSIGNED"]
    sealed = job.sealed()
    if not job.args.get("essential") and unsubscribes.is_stopped(unsubscribes.token_of(sealed["to"])):
        return enqueue_otherwise(job, "stopped")
    if why := bulk.why_not(sealed):
        return enqueue_otherwise(job, why)
    message = compose(job, sealed, settings)
    try:
        _hand_over(message, settings, job)
    except (smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError) as error:
        if not refusals.of_recipient(error):
            raise
        relay.count(refused=True)
        db.session.commit()  # at once: the breaker may have stopped all mail
        bounces.note(unsubscribes.digest_of(sealed["to"]))
        return enqueue_otherwise(job, "refused")
    happened(relay.count)  # a mail that was recalled while it went out has gone all the same
    bulk.went(sealed)
    if "then" in job.args:
        kind, args = job.args["then"]
        enqueue(kind, args, key=f"then:{job.public_id}", priority=URGENT)


def compose(job: Job, sealed: Mapping[str, Any], settings: Settings) -> EmailMessage:
    """The mail of a job: the template's first line is its subject, the rest after a blank line its text."""
    document = _set_document(job, sealed)
    with current_app.test_request_context(base_url=settings.server_url), force_locale(sealed["language"]):
        context = {**retelling.anew(sealed), "attached": document is not None}
        if "lasts" in sealed:
            context["until"] = _until(sealed)
        text = render_template(f"emails/{job.args['template']}.txt", settings=settings, **context)
        html = (
            render_template(f"emails/{job.args['template']}.html", settings=settings, **context)
            if "bulk" in sealed
            else ""
        )
    subject, _, body = text.partition("\n")
    message = EmailMessage(policy=POLICY)
    message["Subject"] = " ".join(subject.removeprefix("Subject:").split())  # one line, whatever a name holds
    message["From"] = formataddr(parseaddr(settings.mail_from))
    message["To"] = ascii_domain(sealed["to"])
    if settings.mail_reply_to:
        message["Reply-To"] = settings.mail_reply_to
    message["Date"] = format_datetime(_dated(job))
    message["Message-ID"] = f"<{job.public_id}@{urlsplit(settings.server_url).hostname}>"
    message["Auto-Submitted"] = "auto-generated"
    links = context.get("links", {})
    if unsubscribe := links.get("list") or links.get("unsubscribe"):
        message["List-Unsubscribe"] = f"<{unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(body.strip() + "\n", cte="quoted-printable")
    if html:
        message.add_alternative(html, subtype="html", cte="quoted-printable")
        message.set_boundary(f"=_{job.public_id}")  # "=_" stands in no quoted-printable text: none has to be looked for
    if "attachment" in sealed:
        name, text, *coded = sealed["attachment"]
        _attach(message, name, b64decode(text) if coded else text.encode())
    if document is not None:
        _attach(message, *document)
    return message


class _Verbatim(UnstructuredHeader):
    """One line as it is: long addresses would be folded into encoded words, which no mail program takes for a link."""

    def fold(self: Any, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


class _Headers(HeaderRegistry):
    """The standard library's, which makes a class for each header of each mail, and reads anew what all mails have the same.

    What is a person's own is not kept."""

    def __getitem__(self, name: str) -> type[BaseHeader]:
        return _kind(name)

    def __call__(self, name: str, value: Any) -> BaseHeader:
        return _repeated(name, value) if name.lower() in REPEATED else super().__call__(name, value)


REPEATED = ("from", "reply-to", "auto-submitted", "list-unsubscribe-post", "mime-version", "content-transfer-encoding")
STANDARD: Any = HeaderRegistry()
STANDARD.map_to_type("list-unsubscribe", _Verbatim)
_kind = lru_cache(maxsize=64)(STANDARD.__getitem__)
_repeated = lru_cache(maxsize=64)(STANDARD)
POLICY = policy.default.clone(header_factory=_Headers())


def _set_document(job: Job, sealed: Mapping[str, Any]) -> tuple[str, bytes] | None:
    """Name and content of the mail's PDF, set while no lock is held; None where it has none, or can go without.

    Raises TypesettingFailed where it must wait: the job is tried again for about a week, and an alarm sounds once a day."""
    if "document" not in sealed:
        return None
    document = Document(**sealed["document"])
    try:
        return document.filename, typeset(document.template, document.data)
    except TypesettingFailed:
        if job.attempts < TYPESETTING_TRIES:
            raise
        alarms.sound("document-failed", f"{document.template}:{clock.now():%Y%m%d}", template=document.template)
        db.session.commit()  # at once: this attempt may be rolled back
        if document.needed:
            raise
        return None


def _dated(job: Job) -> datetime:
    """The promise's time, so that a mail sent twice is the same; one that waited is dated now, or it would sort as old."""
    return job.created_at if clock.now() - job.created_at < WAITED else clock.now()


def _until(sealed: Mapping[str, Any]) -> str:
    seconds, zone = sealed["lasts"]
    return clock.day((clock.now() + timedelta(seconds=seconds)).astimezone(ZoneInfo(zone)).date(), sealed["language"])


def _attach(message: EmailMessage, filename: str, content: bytes) -> None:
    main, _, sub = (guess_type(filename)[0] or "text/plain").partition("/")
    message.add_attachment(content, maintype=main, subtype=sub, filename=filename)


def _hand_over(message: EmailMessage, settings: Settings, job: Job) -> None:
    if settings.smtp_url:
        sender = bulk.return_path(message, job.public_id, settings.mail_bounces)
        mail_server.send(message, settings.smtp_url, sender=sender)
    else:
        _write(message, settings.mail_folder, job)


def _write(message: EmailMessage, folder: Path, job: Job) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{_dated(job):%Y%m%dT%H%M%S%f}-{job.public_id}.eml"
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        file.write(bytes(message))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
