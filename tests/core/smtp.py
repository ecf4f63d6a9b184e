"""A real SMTP server on this machine, which may be told to refuse or to die."""

import asyncio
import email
import email.policy
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from flask import Flask


@dataclass
class Inbox:
    """What arrived; `answers` are given to the next mails instead of taking them; `meanwhile` is done before a mail is
    acknowledged. `lines` are the connections over which a recipient was named, `quits` those that said goodbye;
    `silent`: so many mails are taken, and the line is cut before that is said."""

    received: list[Envelope] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    rcpt_answers: list[str] = field(default_factory=list)
    meanwhile: Callable[[], None] | None = None
    lines: list[SMTP] = field(default_factory=list)
    quits: int = 0
    silent: int = 0

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.quits += 1
        return "221 Bye"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if server not in self.lines:
            self.lines.append(server)
        if self.rcpt_answers:
            return self.rcpt_answers.pop(0).format(address=address)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.received.append(envelope)
        if self.meanwhile:
            self.meanwhile()
        if self.silent:
            self.silent -= 1
            server.transport.abort()
        return "250 OK"

    def mails(self) -> list[EmailMessage]:
        return [
            email.message_from_bytes(envelope.content or b"", policy=email.policy.default) for envelope in self.received
        ]


class Server:
    """One port, on which a server may stop and start."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.inbox = Inbox()
        self._controller: Controller | None = None

    def start(self, tls: ssl.SSLContext | None = None) -> None:
        self._controller = Controller(
            self.inbox, hostname="127.0.0.1", port=self.port, enable_SMTPUTF8=False, ssl_context=tls
        )
        self._controller.start()

    def cut(self) -> None:
        """Ends every connection that is open, without a word; returns once it is done."""
        assert self._controller is not None
        loop = self._controller.loop

        async def abort() -> None:
            for line in self.inbox.lines:
                line.transport.abort()

        asyncio.run_coroutine_threadsafe(abort(), loop).result()

    def stop(self) -> None:
        if self._controller:
            self._controller.stop()
            self._controller = None


@contextmanager
def receiving(app: Flask) -> Iterator[Server]:
    """A server to which the app sends its mail meanwhile."""
    before, server = app.config["UNDERSIGNED"], Server()
    server.start()
    app.config["UNDERSIGNED"] = replace(before, smtp_url=f"smtp://127.0.0.1:{server.port}")
    try:
        yield server
    finally:
        server.stop()
        app.config["UNDERSIGNED"] = before
