"""The least that Flask can do: what the petition page is measured against."""

import os

from flask import Flask

from core.children import end_with_parent


def web() -> Flask:
    """One route, one word, served by the same server with the same options."""
    end_with_parent(os.getppid())
    app = Flask(__name__)

    @app.get("/")
    def hello() -> str:
        return "hello"

    return app
