"""Words of supporters that lie sealed: whoever became initials is named there no more either, or approving them would bring
the name back."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import or_, select

from cases import veil
from cases.comments.models import Comment
from cases.comments.services import SEALED_CONTEXT as COMMENT
from cases.models import Person
from core.db import db
from core.keystore import KeyMissing
from core.vault import SITE, Sealed, VaultError, vault
from donations.checkout_services import SEALED_CONTEXT as DONATION
from donations.models import Donation, Tribute
from donations.wall.models import WallEntry, Words

WORDS = ("text", "message", "tribute_name")  # of a comment, of a gift


def rewrite(person: Person) -> int:
    """Replaces the name by initials, its parts too where the words belong to the person's case; in how many rows.

    The caller has prepared the vault for SITE; needs the keystore. What does not open stays as it is."""
    return sum(_rewrite(row, context, person) for row, context in _rows(person.case_id))


def _rows(case_id: int) -> Iterator[tuple[Any, str]]:
    comments = select(Comment).where(Comment.case_id == case_id, Comment.blob.is_not(None)).order_by(Comment.id)
    yield from ((row, COMMENT) for row in db.session.scalars(comments))
    worded = select(WallEntry.donation_id).where(WallEntry.words != Words.NONE, WallEntry.donation_id.is_not(None))
    telling = or_(Donation.case_id == case_id, Donation.tribute != Tribute.NONE, Donation.id.in_(worded))
    gifts = select(Donation).where(Donation.blob.is_not(None), telling).order_by(Donation.id)
    yield from ((row, DONATION) for row in db.session.scalars(gifts))


def _rewrite(row: Any, context: str, person: Person) -> bool:
    sealed = Sealed(row.key_id, row.data_key_id, row.blob)
    try:
        said = vault().open(sealed, scope=SITE, context=context, public_id=row.public_id)
    except (VaultError, KeyMissing):
        return False
    changed = _without_name(said, person, own=row.case_id == person.case_id)
    if changed == said:
        return False
    box = vault().seal(SITE, context, row.public_id, changed)
    row.key_id, row.data_key_id, row.blob = box.key_id, box.data_key_id, box.blob
    return True


def _without_name(said: Mapping[str, Any], person: Person, *, own: bool) -> dict[str, Any]:
    covered = {
        name: veil.replaced(said[name], veil.find(said[name], person.spellings, parts=own))
        for name in WORDS
        if said.get(name)
    }
    return {**said, **covered}
