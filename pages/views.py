"""Public pages that join rooms."""

from flask import Blueprint

pages = Blueprint("pages", __name__)
