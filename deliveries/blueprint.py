"""The blueprint of what the public sees of deliveries; its views stand in modules of their own noun."""

from flask import Blueprint

deliveries = Blueprint("deliveries", __name__, url_prefix="")
