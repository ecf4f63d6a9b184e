"""The sandbox as a running server: one thread answers, another brings webhooks."""

import logging
import socket
import threading
from types import TracebackType

from flask import Flask
from werkzeug.serving import make_server

from . import deliveries
from .checkout import expire_due
from .context import Sandbox
from .loopback import demand_loopback_host

POLL = 0.05  # seconds; how soon a stop is noticed
IDLE = 1.0  # seconds; how often sessions are looked through for expired ones

log = logging.getLogger(__name__)


def listen(host: str, port: int) -> socket.socket:
    """A bound, listening socket on loopback; port 0 takes a free one. Raises NotLoopback or OSError."""
    demand_loopback_host(host)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.create_server((host.strip("[]"), port), family=family, backlog=128)
    return bound


class Messenger(threading.Thread):
    """Expires sessions and delivers webhooks until it is stopped; picks up what a former run left."""

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__(name="sandbox-messenger", daemon=True)
        self.sandbox = sandbox
        self._stopping = threading.Event()

    def run(self) -> None:
        """Work, then sleep until something changes or falls due."""
        store = self.sandbox.store
        while not self._stopping.is_set():
            store.changed.clear()
            try:
                expire_due(store)
                deliveries.deliver_due(store, self.sandbox.courier, store.clock())
            except Exception:
                log.exception("The sandbox could not deliver its webhooks")
            store.changed.wait(self._pause())

    def _pause(self) -> float:
        due = deliveries.next_due(self.sandbox.store)
        return IDLE if due is None else min(IDLE, max(0.02, due - self.sandbox.store.clock()))

    def stop(self) -> None:
        """End after the present delivery, but wait for it two seconds at most."""
        self._stopping.set()
        self.sandbox.store.changed.set()
        self.join(timeout=2)


class RunningSandbox:
    """A context manager that serves the app on a listening socket; `deliver=False` leaves webhooks to the caller."""

    def __init__(self, app: Flask, listening: socket.socket, *, deliver: bool = True) -> None:
        self.sandbox: Sandbox = app.extensions["sandbox"]
        host, port = listening.getsockname()[:2]
        self._listening = listening
        self._server = make_server(host, port, app, threaded=True, fd=listening.fileno())
        self._serving = threading.Thread(
            target=self._server.serve_forever, args=(POLL,), name="sandbox-server", daemon=True
        )
        self._messenger = Messenger(self.sandbox) if deliver else None

    def __enter__(self) -> "RunningSandbox":
        self._serving.start()
        if self._messenger:
            self._messenger.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._serving.join()
        self._server.server_close()
        self._listening.close()
        if self._messenger:
            self._messenger.stop()
        self.sandbox.store.close()
