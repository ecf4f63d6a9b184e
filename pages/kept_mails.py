"""The mails that a site without a mail server keeps as files."""

import re
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from markupsafe import Markup

from core.db import RowNotFound

NAME = re.compile(r"[0-9A-Za-z_-]{1,80}", re.ASCII)
LINK = Markup('<a href="{0}" rel="noopener noreferrer">{0}</a>')
ADDRESS = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:)]")


class MailNotFound(RowNotFound):
    """No such mail."""


@dataclass(frozen=True)
class Attachment:
    """A file that came with a mail; `kind` is its media type."""

    name: str
    kind: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    """One mail as its reader would see it."""

    id: str
    to: str
    subject: str
    date: str
    text: str
    attachments: tuple[Attachment, ...] = ()

    @property
    def html(self) -> Markup:
        """The text, escaped, its addresses as links."""
        parts, end = [Markup("")], 0
        for found in ADDRESS.finditer(self.text):
            parts += [Markup.escape(self.text[end : found.start()]), LINK.format(found[0])]
            end = found.end()
        return Markup("").join([*parts, Markup.escape(self.text[end:])])


def latest(folder: Path) -> list[Mail]:
    """The mails in the folder, the newest first."""
    return [_read(path) for path in sorted(folder.glob("*.eml"), reverse=True)]


def get_mail(folder: Path, mail_id: str) -> Mail:
    """One mail by its file's name. Raises MailNotFound."""
    path = folder / f"{mail_id}.eml"
    if not NAME.fullmatch(mail_id) or not path.is_file():
        raise MailNotFound(mail_id)
    return _read(path)


def get_attachment(folder: Path, mail_id: str, number: int) -> Attachment:
    """One file of a mail, counted from 1. Raises MailNotFound."""
    attachments = get_mail(folder, mail_id).attachments
    if not 1 <= number <= len(attachments):
        raise MailNotFound(mail_id)
    return attachments[number - 1]


def _read(path: Path) -> Mail:
    message = BytesParser(EmailMessage, policy=policy.default).parsebytes(path.read_bytes())
    body = message.get_body(("plain",))
    text = str(body.get_content()) if body else ""
    named = {name: str(message.get(name, "")) for name in ("To", "Subject", "Date")}
    files = tuple(_attached(part) for part in message.iter_attachments())
    return Mail(path.stem, named["To"], named["Subject"], named["Date"], text, files)


def _attached(part: EmailMessage) -> Attachment:
    content = part.get_content()  # text of text parts, bytes of all others
    raw = content.encode() if isinstance(content, str) else bytes(content)
    return Attachment(part.get_filename("file"), part.get_content_type(), raw)
