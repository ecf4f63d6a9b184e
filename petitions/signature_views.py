"""What the links in mails lead to."""

from flask import Blueprint

signatures = Blueprint("signatures", __name__)
