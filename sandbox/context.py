"""The running parts behind one sandbox, as its views reach them."""

from dataclasses import dataclass

from flask import current_app

from .deliveries import Courier
from .store import Store


@dataclass
class Sandbox:
    """What `create_sandbox` put together."""

    store: Store
    courier: Courier


def current() -> Sandbox:
    """The sandbox that serves the present request."""
    return current_app.extensions["sandbox"]
