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
class Mail:
    """One mail as its reader would see it."""

    id: str
    to: str
    subject: str
    date: str
    text: str

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


def _read(path: Path) -> Mail:
    message = BytesParser(EmailMessage, policy=policy.default).parsebytes(path.read_bytes())
    body = message.get_body(("plain",))
    text = str(body.get_content()) if body else ""
    named = {name: str(message.get(name, "")) for name in ("To", "Subject", "Date")}
    return Mail(path.stem, named["To"], named["Subject"], named["Date"], text)
