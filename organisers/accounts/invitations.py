"""Asking somebody into the office: a mailed link for three days, one use; whoever opens it gets an account with the role."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import delete, select

from core import audit, clock, mail, relay
from core.db import RowNotFound, db, insert
from core.tokens import digest, new_secret
from organisers import services
from organisers.accounts import colleagues, words
from organisers.accounts.models import OfficeInvitation, OfficeRole
from organisers.models import Organiser

LIFE = timedelta(hours=72)


class NotFound(RowNotFound):
    """No such invitation: accepted or taken back meanwhile, perhaps."""


class HasAccount(ValueError):
    """Somebody with this address is in the office already."""


class InvitedAlready(ValueError):
    """An invitation to this address waits: it can be sent again."""


class InvitationSpent(LookupError):
    """An invitation that is unknown, used, taken back, or older than three days."""


def pending() -> Sequence[OfficeInvitation]:
    return db.session.scalars(select(OfficeInvitation).order_by(OfficeInvitation.email)).all()


def get(invitation_id: int) -> OfficeInvitation:
    """Raises NotFound."""
    found = db.session.get(OfficeInvitation, invitation_id)
    if found is None:
        raise NotFound(invitation_id)
    return found


def invite(email: str, role: OfficeRole, case_ids: Sequence[int], *, actor: str) -> None:
    """Promises the mail with the link. Raises EmailRefused, HasAccount, InvitedAlready. The vault is prepared for SITE."""
    address = services.canonical(email)
    if db.session.scalar(select(Organiser.id).where(Organiser.email == address)) is not None:
        raise HasAccount
    secret, moment = new_secret(), clock.now()
    values = {
        "email": address, "role": role, "cases": list(case_ids), "digest": digest(secret), "invited_by": actor,
        "sent_at": moment, "expires_at": moment + LIFE,
    }  # fmt: skip
    row = insert(OfficeInvitation).values(values).on_conflict_do_nothing(index_elements=["email"])
    made = db.session.scalar(row.returning(OfficeInvitation.id))
    if made is None:
        raise InvitedAlready
    audit.record("organiser.invited", address, actor=actor, role=role.value, cases=list(case_ids))
    _promise(db.session.get_one(OfficeInvitation, made), secret)


def resend(invitation: OfficeInvitation, *, actor: str) -> None:
    """A new link for three more days; the one before is worth nothing any more. The vault is prepared for SITE."""
    secret, moment = new_secret(), clock.now()
    invitation.digest, invitation.sent_at, invitation.expires_at = digest(secret), moment, moment + LIFE
    audit.record("organiser.invited_again", invitation.email, actor=actor)
    _promise(invitation, secret)


def revoke(invitation: OfficeInvitation, *, actor: str) -> None:
    db.session.delete(invitation)
    audit.record("organiser.invitation_revoked", invitation.email, actor=actor)


def check(secret: str) -> OfficeInvitation:
    """The invitation that this link belongs to; uses nothing up. Raises InvitationSpent."""
    found = db.session.scalar(select(OfficeInvitation).where(*_usable(secret)))
    if found is None:
        raise InvitationSpent
    return found


def accept(secret: str, *, password: str) -> Organiser:
    """Uses the link up and gives the account, with its role and, unless blank, this password.

    Raises InvitationSpent, PasswordRefused."""
    columns = (OfficeInvitation.email, OfficeInvitation.role, OfficeInvitation.cases, OfficeInvitation.invited_by)
    found = db.session.execute(delete(OfficeInvitation).where(*_usable(secret)).returning(*columns)).one_or_none()
    organiser = None if found is None else services.make_account(found.email, actor=found.invited_by)
    if found is None or organiser is None:  # the address has got an account by another way meanwhile
        raise InvitationSpent
    colleagues.give_role(organiser, found.role, found.cases, actor=found.invited_by)
    if password:
        services.set_password(organiser, password, actor=organiser.email)
    audit.record("organiser.entered", organiser.email, actor=organiser.email, by="invitation")
    return organiser


def _usable(secret: str) -> tuple[Any, ...]:
    return OfficeInvitation.digest == digest(secret), OfficeInvitation.expires_at > clock.now()


def _promise(invitation: OfficeInvitation, secret: str) -> None:
    server = current_app.config["UNDERSIGNED"].server_url
    context = {
        "link": f"{server}/office/login/invitation/{secret}", "by": invitation.invited_by,
        "role": str(words.ROLES[invitation.role]), "may": str(words.MAY[invitation.role]),
    }  # fmt: skip
    mail.promise(
        "office_invitation", to=invitation.email, key=f"office-invitation:{digest(secret).hex()}", context=context,
        priority=relay.TO_ORGANISERS, essential=True,
    )  # fmt: skip
