"""Commands of accounts."""

from flask.cli import AppGroup

organiser = AppGroup("organiser")
