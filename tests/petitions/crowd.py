"""Many signatures at once, as confirming leaves them, for tests of what is counted rather than of how it came."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from core import clock
from core.db import db, insert
from petitions import consent
from petitions.counting import tallies
from petitions.models import Petition, Signature
from petitions.states import Method, SignatureState, Visibility
from tests.petitions.conftest import Campaign


def crowd(
    campaign: Campaign,
    many: int,
    country: str = "IE",
    *,
    visibility: Visibility = Visibility.RECIPIENTS,
    method: Method = Method.WEB,
    at: datetime | None = None,
    source: str = "other",
    fold: bool = True,
) -> None:
    """`many` people of a country have signed and confirmed; committed, and folded unless told otherwise."""
    hour = clock.to_hour(at or clock.now())
    with campaign.app.app_context():
        petition = db.session.get_one(Petition, campaign.id)
        shared = {
            "petition_id": campaign.id, "method": method, "state": SignatureState.VALID, "country": country,
            "visibility": visibility, "source": source, "consent_digest": consent.digest_of(petition, visibility),
            "signed_at": hour, "confirmed_at": hour,
            "public_name": "Ada Example" if visibility == Visibility.PUBLIC else None,
        }  # fmt: skip
        rows = [
            {**shared, "public_id": secrets.token_urlsafe(16), "email_index": secrets.token_bytes(32)}
            for _ in range(many)
        ]
        made = db.session.scalars(insert(Signature).returning(Signature), rows).all()
        tallies.change_many(campaign.id, 1, made)
        db.session.commit()
        while fold and tallies.fold():
            pass


def take_away(campaign: Campaign, many: int) -> None:
    """The newest `many` signatures leave the count again, as an invalidation takes them; folded."""
    with campaign.app.app_context():
        newest = db.select(Signature).where(
            Signature.petition_id == campaign.id, Signature.state == SignatureState.VALID
        )
        rows = db.session.scalars(newest.order_by(Signature.id.desc()).limit(many)).all()
        for row in rows:
            row.state, row.public_name = SignatureState.INVALIDATED, None
        tallies.change_many(campaign.id, -1, rows)
        db.session.commit()
        while tallies.fold():
            pass


def fold_at_once(campaign: Campaign) -> None:
    """Eight workers fold until nothing waits any more."""

    def fold(_: int) -> None:
        with campaign.app.app_context():
            while tallies.fold():
                pass

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(fold, range(8)))
