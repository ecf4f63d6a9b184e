"""Petition pages and signing."""

from flask import Blueprint

petitions = Blueprint("petitions", __name__)
