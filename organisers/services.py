"""What is done to an organiser's account: made, let in, given a password, shown out."""

import logging
from datetime import timedelta
from typing import Any
from uuid import uuid4

from flask import current_app
from flask_babel import gettext as _
from flask_security.utils import hash_password
from sqlalchemy import delete, select, update

from core import audit, clock
from core.addresses import clean_address
from core.db import db, insert
from core.text import TextError
from core.tokens import digest, new_secret
from organisers.accounts import factors, notices, sessions
from organisers.accounts.models import Membership, OfficeRole
from organisers.accounts.passwords import PasswordRefused as PasswordRefused
from organisers.accounts.passwords import check_password
from organisers.models import LoginLink, Organiser

log = logging.getLogger(__name__)

LINK_LIFE = timedelta(minutes=10)
MAILED_LIFE = timedelta(minutes=30)  # a mail may take a while


class EmailRefused(ValueError):
    """Not an e-mail address; the text says what to change."""


class LoginRefused(ValueError):
    """The address is unknown, the password is wrong, or the account is closed: which of them is not told."""


class LinkSpent(LookupError):
    """A login link that is unknown, used, or older than ten minutes."""


def ensure_organiser(email: str, *, actor: str = "cli") -> Organiser:
    """The account with this address; an owner's is made if there was none. Raises EmailRefused."""
    made = make_account(email, actor=actor)
    if made is not None:
        db.session.add(Membership(organiser_id=made.id, role=OfficeRole.OWNER))
        return made
    return db.session.scalars(select(Organiser).where(Organiser.email == canonical(email))).one()


def make_account(email: str, *, actor: str) -> Organiser | None:
    """A new account, without a role; None where the address has one. Raises EmailRefused."""
    address = canonical(email)
    values = {"email": address, "active": True, "fs_uniquifier": uuid4().hex, "created_at": clock.now()}
    row = insert(Organiser).values(values).on_conflict_do_nothing(index_elements=["email"])
    made = db.session.scalar(row.returning(Organiser.id))
    if made is None:
        return None
    audit.record("organiser.created", address, actor=actor)
    return db.session.get_one(Organiser, made)


def find(email: str) -> Organiser | None:
    """The open account with this address."""
    mine = select(Organiser).where(Organiser.email == email.strip().lower(), Organiser.active.is_(True))
    return db.session.scalar(mine)


def make_login_link(organiser: Organiser, *, actor: str = "cli", life: timedelta = LINK_LIFE) -> str:
    """The URL of a new one-time login link; it works for ten minutes, or `life`, and lets in once."""
    secret, moment = new_secret(), clock.now()
    db.session.execute(delete(LoginLink).where(LoginLink.expires_at < moment))
    db.session.add(LoginLink(digest=digest(secret), organiser_id=organiser.id, expires_at=moment + life))
    audit.record("organiser.link_made", organiser.email, actor=actor)
    return f"{current_app.config['UNDERSIGNED'].server_url}/office/login/link/{secret}"


def check_link(secret: str) -> None:
    """Raises LinkSpent unless the link still lets somebody in; uses nothing up."""
    if db.session.scalar(select(LoginLink.digest).where(*_usable(secret))) is None:
        raise LinkSpent


def enter_by_link(secret: str) -> Organiser:
    """Uses the link up and gives the organiser whom it lets in. Raises LinkSpent."""
    used = update(LoginLink).where(*_usable(secret)).values(used_at=clock.now()).returning(LoginLink.organiser_id)
    organiser_id = db.session.execute(used).scalar()
    organiser = db.session.get(Organiser, organiser_id) if organiser_id is not None else None
    if organiser is None or not organiser.active:
        raise LinkSpent
    audit.record("organiser.entered", organiser.email, actor=organiser.email, by="link")
    return organiser


def authenticate(email: str, password: str) -> Organiser:
    """The organiser with this address and password. Raises LoginRefused; each answer costs one argon2 hash."""
    organiser = db.session.scalar(select(Organiser).where(Organiser.email == email.strip().lower()))
    if organiser is None or not organiser.password:
        hash_password(password)
        raise _refused()
    if not organiser.verify_and_update_password(password) or not organiser.active:
        raise _refused()
    audit.record("organiser.entered", organiser.email, actor=organiser.email, by="password")
    return organiser


def set_password(organiser: Organiser, password: str, *, actor: str) -> None:
    """Stores the password's argon2 hash and ends every session of the organiser. Raises PasswordRefused."""
    check_password(password, email=organiser.email)
    organiser.password = hash_password(password)
    sessions.end_all(organiser)
    audit.record("organiser.password_set", organiser.email, actor=actor)


def change_password(organiser: Organiser, *, current: str, password: str) -> None:
    """set_password by the organiser, who proves the present one where there is one, and is told by mail.

    Raises LoginRefused, PasswordRefused. The vault is prepared."""
    if organiser.password:
        check_password_of(organiser, current)
    set_password(organiser, password, actor=organiser.email)
    notices.tell(organiser, "password")


def check_password_of(organiser: Organiser, password: str) -> None:
    """Raises LoginRefused unless this is the organiser's password."""
    if not organiser.password or not organiser.verify_and_update_password(password):
        raise _refused()


def reset_factors(organiser: Organiser, *, actor: str) -> None:
    """Takes every second factor of somebody who has lost them, ends the sessions, tells by mail. The vault is prepared."""
    factors.remove_all(organiser)
    sessions.end_all(organiser)
    audit.record("organiser.factors_reset", organiser.email, actor=actor)
    notices.tell(organiser, "factors reset")


def log_out(organiser: Organiser) -> None:
    """Ends every session of the organiser."""
    sessions.end_all(organiser)
    audit.record("organiser.left", organiser.email, actor=organiser.email)


def _refused() -> LoginRefused:
    log.warning("a login was refused")
    return LoginRefused()


def _usable(secret: str) -> tuple[Any, ...]:
    return LoginLink.digest == digest(secret), LoginLink.used_at.is_(None), LoginLink.expires_at > clock.now()


def canonical(email: str) -> str:
    """The address as accounts keep it. Raises EmailRefused."""
    try:
        return clean_address(email).lower()
    except TextError:
        raise EmailRefused(_("Write the whole address, like name@example.org.")) from None
