"""A mail that is sent while somebody waits for what the server says; every other mail goes through the outbox."""

from email.message import EmailMessage
from email.utils import formataddr, formatdate, make_msgid, parseaddr
from urllib.parse import urlsplit

from config import Settings
from core.addresses import ascii_domain
from core.mail_server import connected


class MailRefused(Exception):
    """The server did not take the mail; the text is its own answer."""


def send(settings: Settings, *, to: str, subject: str, text: str) -> str:
    """The server's answer to a mail that it took. Raises MailRefused, OSError, SMTPException."""
    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = subject, formataddr(parseaddr(settings.mail_from)), to
    message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain=urlsplit(settings.server_url).hostname)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text, cte="quoted-printable")
    with connected(str(settings.smtp_url)) as server:
        _held(server.mail(parseaddr(settings.mail_from)[1]))
        _held(server.rcpt(ascii_domain(to)))
        return _held(server.data(message.as_bytes()))


def _held(answer: tuple[int, bytes]) -> str:
    code, said = answer
    sentence = f"{code} {' '.join(said.decode(errors='replace').split())}"[:300]
    if code not in (250, 251):
        raise MailRefused(sentence)
    return sentence
