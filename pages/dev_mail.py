"""/dev/mail: the mails of a demo on one's own machine."""

from flask import Blueprint

dev_mail = Blueprint("dev_mail", __name__)
