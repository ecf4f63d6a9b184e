"""After an old backup: who has left since leaves again, and what was sealed to keys destroyed since is empty."""

from collections.abc import Iterable

from sqlalchemy import delete, select, update

from cases.comments import services as comments
from core import clock, rotation, unsubscribes
from core.db import db
from core.keystore import KEY_DESTROYED
from core.vault import SITE, VaultKey, vault
from deliveries.log import restoring as log_restoring
from donations.own_page import leaving as donor_leaving
from operations.key_rotation import SITE_ROWS
from petitions import signature_services
from petitions.imports import leaving as import_leaving
from petitions.invitations import exits as invitation_exits
from petitions.invitations.models import Invitation
from petitions.keeping import clearing, erasure
from petitions.keeping import rotation as petition_keys
from petitions.models import Petition, Signature, Submission, Suppression
from petitions.own_page import services as own_page_services
from petitions.paper import batches as paper_batches

NAMELESS = {
    "email_index": None, "index_version": None, "public_name": None, "public_affiliation": None, "public_role": None,
    "public_size": None,
}  # fmt: skip


def repeat(journal: Iterable[tuple[str, str]]) -> None:
    """Repeats the journal in the current transaction; people first: their rows are found by what keys may take away."""
    acts = list(journal)
    for act, public_id in acts:
        signature_services.replay(act, public_id)
        own_page_services.replay(act, public_id)
        paper_batches.replay(act, public_id)
        import_leaving.replay(act, public_id)
        invitation_exits.replay(act, public_id)
        unsubscribes.replay(act, public_id)
        donor_leaving.replay(act, public_id)
        comments.replay(act, public_id)
        log_restoring.replay(act, public_id)
        if act == erasure.ACT:
            erasure.replay(public_id, clock.now())
    gone = {key_id for act, key_id in acts if act == KEY_DESTROYED and not vault().keystore.holds(key_id)}
    for key in db.session.scalars(select(VaultKey).order_by(VaultKey.created_at)).all():
        if key.id in gone:
            _lose(key)


def _lose(key: VaultKey) -> None:
    """Empties the rows of a destroyed key, and puts in its place the key that had followed it."""
    following = vault().keystore.successor(key.id)
    if key.scope == SITE:
        rotation.lose(key.id, SITE_ROWS)
    else:
        keeps_index = following is not None and following[1]
        more = {} if keeps_index else NAMELESS
        rotation.lose(key.id, petition_keys.sealed_rows(), cleared_at=clock.now(), **more)
        if not keeps_index:
            _forget_index(key.scope)
    if key.retired_at is None:
        _follow(key, following[0] if following else None)


def _forget_index(scope: str) -> None:
    """Under a new index key the old one's marks find nobody: rows that have nothing else lose them."""
    mine = select(Petition.id).where(Petition.public_id == scope.partition(":")[2])
    for table in (Submission, Signature, Invitation):
        blank = update(table).where(table.petition_id.in_(mine), table.blob.is_(None))
        values = {name: value for name, value in NAMELESS.items() if name in table.__table__.columns}
        db.session.execute(blank.values(values), execution_options=clearing.UNSYNCED)
    silenced = delete(Suppression).where(Suppression.petition_id.in_(mine))
    db.session.execute(silenced, execution_options=clearing.UNSYNCED)


def _follow(key: VaultKey, following: str | None) -> None:
    key.retired_at = clock.now()
    db.session.flush()
    erased = select(Petition.id).where(
        Petition.public_id == key.scope.partition(":")[2], Petition.erased_at.is_not(None)
    )
    if db.session.scalar(erased) is not None:
        return
    if following is None:
        vault().create_scope(key.scope)
    elif db.session.get(VaultKey, following) is None:
        vault().publish(key.scope, vault().keystore.scope_key(following))
    db.session.flush()
