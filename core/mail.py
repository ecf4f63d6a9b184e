"""The mail outbox: a promise holds a template's name and sealed arguments; only the worker renders and sends.

A mail is sent at least once: killed between the server's 250 and our commit, it goes again with the same Message-ID."""

import os
import smtplib
import ssl
from collections.abc import Iterable, Mapping
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import current_app, render_template
from flask_babel import force_locale
from sqlalchemy import update

from config import Settings, is_loopback
from core import clock
from core.addresses import ascii_domain
from core.db import db
from core.jobs import NORMAL, Job, enqueue

SMTP_TIMEOUT = 20


def promise(
    template: str,
    *,
    to: str,
    key: str,
    context: Mapping[str, Any],
    language: str = "en",
    priority: int = NORMAL,
) -> None:
    """Promises one mail in the current transaction, once for each key; `to` and `context` are sealed."""
    sealed = {"to": to, "context": dict(context), "language": language}
    enqueue("mail", {"template": template}, key=f"mail:{key}", sealed=sealed, priority=priority)


def recall(keys: Iterable[str]) -> None:
    """Takes back promised mails that have not been sent, given up ones too: what they hold of a person goes."""
    waiting = (Job.key.in_([f"mail:{key}" for key in keys]), Job.blob.is_not(None))
    gone = {"state": "done", "blob": None, "finished_at": clock.now()}
    db.session.execute(update(Job).where(*waiting).values(gone), execution_options={"synchronize_session": False})


def deliver(job: Job) -> None:
    """The job that renders one mail and hands it to the SMTP server, or to a file where none is set."""
    settings: Settings = current_app.config["UNDERSIGNED"]
    message = compose(job, settings)
    if settings.smtp_url:
        _send(message, settings.smtp_url)
    else:
        _write(message, settings.mail_folder, job)


def compose(job: Job, settings: Settings) -> EmailMessage:
    """The mail of a job: the template's first line is its subject, the rest after a blank line its text."""
    sealed = job.sealed()
    with current_app.test_request_context(base_url=settings.server_url), force_locale(sealed["language"]):
        text = render_template(f"emails/{job.args['template']}.txt", settings=settings, **sealed["context"])
    subject, _, body = text.partition("\n")
    message = EmailMessage()
    message["Subject"] = " ".join(subject.removeprefix("Subject:").split())  # one line, whatever a name holds
    message["From"] = formataddr(parseaddr(settings.mail_from))
    message["To"] = ascii_domain(sealed["to"])
    if settings.mail_reply_to:
        message["Reply-To"] = settings.mail_reply_to
    message["Date"] = format_datetime(job.created_at)
    message["Message-ID"] = f"<{job.public_id}@{urlsplit(settings.server_url).hostname}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(body.strip() + "\n", cte="quoted-printable")
    return message


def _send(message: EmailMessage, smtp_url: str) -> None:
    url = urlsplit(smtp_url)
    host, secure, context = url.hostname or "localhost", url.scheme == "smtps", ssl.create_default_context()
    kind = partial(smtplib.SMTP_SSL, context=context) if secure else smtplib.SMTP  # no context: nothing is verified
    with kind(host, url.port or (465 if secure else 25), timeout=SMTP_TIMEOUT) as server:
        server.ehlo_or_helo_if_needed()
        if not secure and server.has_extn("starttls"):
            server.starttls(context=context)
        if url.username and not (isinstance(server.sock, ssl.SSLSocket) or is_loopback(f"//{url.netloc}")):
            raise smtplib.SMTPNotSupportedError("the mail server offers no TLS, and a password never goes in clear")
        if url.username:
            server.login(unquote(url.username), unquote(url.password or ""))
        server.send_message(message)


def _write(message: EmailMessage, folder: Path, job: Job) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"{job.created_at:%Y%m%dT%H%M%S%f}-{job.public_id}.eml"
    draft = path.with_suffix(".draft")
    with draft.open("wb") as file:
        file.write(bytes(message))
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)
