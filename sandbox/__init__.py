"""A stand-in for Stripe on loopback, for the demo and the tests. It knows Stripe's API and nothing else."""

import time
from collections.abc import Callable
from pathlib import Path

from flask import Flask

from .api import api
from .context import Sandbox
from .deliveries import Courier
from .guards import install_guards
from .loopback import demand_loopback_url
from .pages import pages
from .store import Store

__all__ = ["Sandbox", "create_sandbox"]


def create_sandbox(
    database: Path,
    webhook_url: str,
    webhook_secret: str,
    base_url: str,
    *,
    pause_factor: float = 1.0,
    clock: Callable[[], float] = time.time,
) -> Flask:
    """The sandbox as a Flask app; raises NotLoopback. It delivers no webhook by itself: see server.py.

    `pause_factor` shortens the pauses between webhook attempts, `clock` gives the sandbox another time.
    """
    if not webhook_secret:
        raise ValueError("The sandbox needs a webhook secret to sign with.")
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 256 * 1024
    app.extensions["sandbox"] = Sandbox(
        store=Store(Path(database), demand_loopback_url(base_url).rstrip("/"), clock),
        courier=Courier(demand_loopback_url(webhook_url), webhook_secret, pause_factor),
    )
    install_guards(app)
    app.register_blueprint(api)
    app.register_blueprint(pages)
    return app
