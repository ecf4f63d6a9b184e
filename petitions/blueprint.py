"""The blueprint of the petition pages; their views stand in modules of their own noun."""

from flask import Blueprint

petitions = Blueprint("petitions", __name__, url_prefix="/petitions")
