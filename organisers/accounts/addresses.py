"""A new e-mail address of an account: the new mailbox must answer, the old one hears of it."""

from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError

from core import audit, clock, mail, relay
from core.db import db
from core.tokens import digest, new_secret
from organisers import services
from organisers.accounts import links
from organisers.accounts.models import EmailChange, OfficeInvitation
from organisers.models import Organiser

LIFE = timedelta(hours=24)


class AddressTaken(ValueError):
    """Another account has this address."""


class ChangeSpent(LookupError):
    """A link that is unknown, used, replaced by a newer one, or older than a day."""


def ask(organiser: Organiser, email: str) -> None:
    """Promises a link to the new mailbox and a word to the old one. Raises EmailRefused, AddressTaken.

    The vault is prepared for SITE."""
    address = services.canonical(email)
    if db.session.scalar(select(Organiser.id).where(Organiser.email == address)) is not None:
        raise AddressTaken
    secret = new_secret()
    db.session.execute(delete(EmailChange).where(EmailChange.organiser_id == organiser.id))
    change = {"digest": digest(secret), "email": address, "expires_at": clock.now() + LIFE}
    db.session.add(EmailChange(organiser_id=organiser.id, **change))
    db.session.flush()
    audit.record("organiser.address_asked", organiser.email, actor=organiser.email)
    link = f"{current_app.config['UNDERSIGNED'].server_url}/office/login/address/{secret}"
    _promise("office_new_address", address, f"new:{digest(secret).hex()}", link=link)
    _promise("office_address_asked", organiser.email, f"asked:{digest(secret).hex()}")


def check(secret: str) -> None:
    """Raises ChangeSpent unless the link still changes an address; uses nothing up."""
    if db.session.scalar(select(EmailChange.organiser_id).where(*_usable(secret))) is None:
        raise ChangeSpent


def confirm(secret: str) -> None:
    """The account has the new address; the old mailbox is told, and links that went there end.

    Raises ChangeSpent, AddressTaken. The vault is prepared."""
    used = delete(EmailChange).where(*_usable(secret)).returning(EmailChange.organiser_id, EmailChange.email)
    found = db.session.execute(used).one_or_none()
    if found is None:
        raise ChangeSpent
    organiser = db.session.get_one(Organiser, found.organiser_id)
    links.drop(organiser)
    old, organiser.email = organiser.email, found.email
    try:
        db.session.flush()
    except IntegrityError:
        raise AddressTaken from None
    theirs = update(OfficeInvitation).where(OfficeInvitation.invited_by == old).values(invited_by=found.email)
    db.session.execute(theirs)
    audit.record("organiser.address_changed", found.email, actor=old)
    _promise("office_address_changed", old, f"changed:{digest(secret).hex()}")


def _usable(secret: str) -> tuple[Any, ...]:
    return EmailChange.digest == digest(secret), EmailChange.expires_at > clock.now()


def _promise(template: str, to: str, key: str, **context: Any) -> None:
    mail.promise(
        template, to=to, key=f"office-address:{key}", context=context, priority=relay.TO_ORGANISERS, essential=True
    )
