"""How the office knows its people: Flask-Security keeps accounts and passwords; sessions exist under /office only."""

import hmac
from typing import Any

from flask import Flask, Request, Response, request
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from flask_security import Security
from flask_security.datastore import SQLAlchemyUserDatastore
from flask_wtf import CSRFProtect

from config import Settings
from core.db import db
from organisers.accounts import presence
from organisers.models import Organiser, Role

SHORTEST_PASSWORD = 12
csrf = CSRFProtect()


class OfficeSessions(SecureCookieSessionInterface):
    """Sessions that are read and written under /office only: no public page sets a cookie or varies by one."""

    def open_session(self, app: Flask, request: Request) -> Any:
        return super().open_session(app, request) if _in_office(request.path) else self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if _in_office(request.path):
            super().save_session(app, session, response)


def init_app(app: Flask) -> None:
    """Adds accounts, sessions and CSRF protection to a process that serves the office."""
    app.config.update(security_config(app.config["UNDERSIGNED"]))
    app.session_interface = OfficeSessions()
    accounts = SQLAlchemyUserDatastore(db, Organiser, Role)
    security = Security(app, accounts, register_blueprint=False)  # the doors are organisers/login_views.py
    security.login_manager.request_loader(None)  # no API tokens: only a session enters
    security.login_manager.user_loader(presence.load)
    csrf.init_app(app)


def security_config(settings: Settings) -> dict[str, Any]:
    """Flask-Security's and Flask-WTF's settings; a CSRF token lives as long as its session."""
    return {
        "SECURITY_PASSWORD_HASH": "argon2",
        "SECURITY_PASSWORD_SALT": _password_salt(str(settings.office_secret_key)),
        "SECURITY_PASSWORD_LENGTH_MIN": SHORTEST_PASSWORD,
        "SECURITY_FLASH_MESSAGES": False,
        "SECURITY_CLI_USERS_NAME": False,
        "SECURITY_CLI_ROLES_NAME": False,
        "REMEMBER_COOKIE_PATH": "/office",
        "WTF_CSRF_TIME_LIMIT": None,
    }


def _password_salt(secret: str) -> str:
    """The key of the HMAC that stands before argon2: without the office's secret a stolen table cannot be tried."""
    return hmac.digest(secret.encode(), b"undersigned/password", "sha256").hex()


def _in_office(path: str) -> bool:
    return path == "/office" or path.startswith("/office/")
