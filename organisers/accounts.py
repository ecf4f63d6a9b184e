"""Accounts."""

from flask import Flask


def init_app(app: Flask) -> None:
    import organisers.models  # noqa: F401
