"""Commands of petitions."""

from flask.cli import AppGroup

petition = AppGroup("petition")
tallies = AppGroup("tallies")
