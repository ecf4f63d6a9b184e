"""Mailed links to a donor's own page: made by the worker, looked up by their SHA-256, ended by the donor or by time."""

from datetime import timedelta

from flask import current_app
from sqlalchemy import delete, select, update

from core import clock
from core.db import RowNotFound, db
from core.tokens import digest, new_secret
from donations.own_page.models import Donor, DonorLink, LinkPurpose

LIFE = timedelta(days=30)
UNSENT_LIFE = timedelta(days=365)  # of a link in a mail that waits


class OwnLinkGone(RowNotFound):
    """No such link: too old, made useless, or only a part of it."""


def get(secret: str, purpose: LinkPurpose = LinkPurpose.PAGE) -> Donor:
    """Whose link it is. Raises OwnLinkGone."""
    alive = (DonorLink.digest == digest(secret), DonorLink.purpose == purpose, DonorLink.expires_at > clock.now())
    link = db.session.scalar(select(DonorLink).where(*alive))
    if link is None or link.donor.erased_at is not None:
        raise OwnLinkGone
    return link.donor


def fresh(donor: Donor, life: timedelta = LIFE) -> str:
    """The address of a donor's own page under a new link, for a mail to them. The worker only."""
    return f"{_server()}/donations/manage/{_new(donor, LinkPurpose.PAGE, life)}"


def live_from_now(secret: str) -> None:
    """The mail that holds it has gone; a link that was ended meanwhile stays so."""
    its = DonorLink.digest == digest(secret)
    db.session.execute(update(DonorLink).where(its).values(expires_at=clock.now() + LIFE))


def fresh_proof(donor: Donor) -> tuple[str, str]:
    """Where a donor proves that a new mailbox is theirs, for a mail to it, and the link's mark. The worker only."""
    secret = _new(donor, LinkPurpose.ADDRESS)
    return f"{_server()}/donations/manage/address/{secret}", mark_of(secret)


def mark_of(secret: str) -> str:
    """What names a link without being one."""
    return digest(secret).hex()


def end(donor: Donor, *purposes: LinkPurpose) -> None:
    """Makes a donor's links useless: all of them, or those of some purposes."""
    theirs = [DonorLink.donor_id == donor.id, *([DonorLink.purpose.in_(purposes)] if purposes else [])]
    db.session.execute(delete(DonorLink).where(*theirs))


def forget_old() -> bool:
    """The worker's tick: removes links whose time is over; whether there were any. Commits."""
    old = DonorLink.expires_at <= clock.now()
    if db.session.scalar(select(DonorLink.donor_id).where(old).limit(1)) is None:
        return False
    db.session.execute(delete(DonorLink).where(old))
    db.session.commit()
    return True


def _new(donor: Donor, purpose: LinkPurpose, life: timedelta = LIFE) -> str:
    secret = new_secret()
    row = DonorLink(digest=digest(secret), donor_id=donor.id, purpose=purpose, expires_at=clock.now() + life)
    db.session.add(row)
    db.session.flush()
    return secret


def _server() -> str:
    return str(current_app.config["UNDERSIGNED"].server_url)
