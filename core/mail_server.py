"""The connection to the mail server, kept open from one mail to the next: opening one costs more than a mail does.

A mail is tried anew on a new connection only where the server hung up before it was given the mail: after that nobody knows
what became of it, and it is the job's to try again, as the same mail."""

import smtplib
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from functools import lru_cache, partial
from typing import Any
from urllib.parse import unquote, urlsplit

from config import is_loopback

TIMEOUT = 20
KEPT, SURE = 30.0, 1.0  # seconds without a mail: so long it is kept; so long it is not asked whether it still answers
MOST = 100  # mails on one connection; many servers take no more
HUNG_UP = 421


class _Telling:
    """What smtplib does not tell: whether the server has been offered the mail itself."""

    offered = False

    def data(self, msg: Any) -> tuple[int, bytes]:
        self.offered = True
        said: tuple[int, bytes] = super().data(msg)  # type: ignore[misc]
        return said


class _Plain(_Telling, smtplib.SMTP):
    pass


class _Secure(_Telling, smtplib.SMTP_SSL):
    pass


Line = _Plain | _Secure


@dataclass
class _Kept:
    url: str
    line: Line
    mails: int
    used_at: float


_here = threading.local()  # one connection a thread: two mails at once would mix


def send(message: EmailMessage, url: str, *, sender: str | None = None) -> None:
    """Hands one mail over. Raises OSError, SMTPException; the connection is closed then."""
    kept = _usable(url)
    if kept is not None:
        try:
            return _send(kept, message, sender)
        except (OSError, smtplib.SMTPException) as error:
            if kept.line.offered or not _hung_up(error):
                raise
    return _send(_Kept(url, _open(url), 0, 0.0), message, sender)


def hang_up() -> None:
    """Closes this thread's connection, if there is one."""
    kept: _Kept | None = _here.__dict__.pop("kept", None)
    if kept is not None:
        with suppress(OSError, smtplib.SMTPException):
            kept.line.quit()
        kept.line.close()


@contextmanager
def connected(url: str) -> Iterator[smtplib.SMTP]:
    """A connection for one use. Raises OSError, SMTPException."""
    with _open(url) as line:
        yield line


def _send(kept: _Kept, message: EmailMessage, sender: str | None) -> None:
    """One mail over this connection, which is kept where nothing went wrong."""
    _here.kept, kept.line.offered = kept, False
    try:
        kept.line.send_message(message, from_addr=sender)
    except BaseException:
        hang_up()
        raise
    kept.mails, kept.used_at = kept.mails + 1, time.monotonic()


def _usable(url: str) -> _Kept | None:
    """This thread's connection, where it is one to this server, fresh, and still answers."""
    kept: _Kept | None = getattr(_here, "kept", None)
    if kept is None:
        return None
    rested = time.monotonic() - kept.used_at
    with suppress(OSError, smtplib.SMTPException):
        if kept.url == url and kept.mails < MOST and rested < KEPT and (rested < SURE or kept.line.rset()[0] == 250):
            return kept
    hang_up()
    return None


def _hung_up(error: Exception) -> bool:
    """Whether this says that the connection has ended, rather than what the server thinks of the mail."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return all(code == HUNG_UP for code, _text in error.recipients.values())
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code == HUNG_UP
    return isinstance(error, smtplib.SMTPServerDisconnected | ConnectionError)


def _open(url: str) -> Line:
    """The mail server, in TLS where it offers it, and logged in where the address says how. Raises OSError, SMTPException."""
    parts = urlsplit(url)
    host, secure, context = parts.hostname or "localhost", parts.scheme == "smtps", _tls()
    # without a context smtplib verifies nothing
    kind: Callable[..., Line] = partial(_Secure, context=context) if secure else _Plain
    line = kind(host, parts.port or (465 if secure else 25), timeout=TIMEOUT)
    try:
        line.ehlo_or_helo_if_needed()
        if not secure and line.has_extn("starttls"):
            line.starttls(context=context)
        if parts.username and not (isinstance(line.sock, ssl.SSLSocket) or is_loopback(f"//{parts.netloc}")):
            raise smtplib.SMTPNotSupportedError("the mail server offers no TLS, and a password never goes in clear")
        if parts.username:
            line.login(unquote(parts.username), unquote(parts.password or ""))
    except BaseException:
        line.close()
        raise
    return line


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()  # reads the machine's certificates: 10 ms that not each mail needs
