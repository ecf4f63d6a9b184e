"""Who is invited: what of a person or an organisation is sealed, and how an invitation's row is made, mailed for and opened.

The blob is sealed as a signature's, under the same public id: signing hands it on without anybody opening it."""

import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import case, func, literal, select, update

from core import clock
from core.db import db, insert
from core.jobs import URGENT, enqueue
from core.mailboxes.canonical import RULES_VERSION, blind_index
from core.vault import vault
from petitions.invitations.models import Invitation
from petitions.models import Petition, Signature
from petitions.persons import SEALED_CONTEXT
from petitions.states import InvitationKind, InvitationState

LIFE = timedelta(days=60)  # of an invitation to a petition without a closing time
LIVE = (
    InvitationState.PROPOSED, InvitationState.INVITED, InvitationState.CONFIRMED, InvitationState.APPROVED,
    InvitationState.REJECTED,
)  # fmt: skip
UNSYNCED = {"synchronize_session": False}
BLANK = {"role": "", "affiliation": "", "postal_code": "", "comment": "", "updates": False, "may_ask": False}

Opener = Callable[[Invitation], dict[str, Any]]


def add(
    petition: Petition,
    *,
    kind: InvitationKind,
    country: str,
    person: Mapping[str, Any],
    proposed_by: int | None = None,
) -> int | None:
    """A new row after the others, `proposed`, which mails nobody; None where this mailbox has one here already.

    `person`: name, email, role, affiliation; of an organisation contact, size and website, too. The caller has prepared the
    vault for the petition's scope."""
    public_id, sealed = secrets.token_urlsafe(16), {**BLANK, **person, "salt": secrets.token_hex(32)}
    box = vault().seal(petition.scope, SEALED_CONTEXT, public_id, sealed)
    last = select(func.coalesce(func.max(Invitation.position), 0) + 1).where(Invitation.petition_id == petition.id)
    values = {
        "public_id": public_id, "petition_id": petition.id, "kind": kind, "state": InvitationState.PROPOSED,
        "position": last.scalar_subquery(), "country": country, "proposed_by": proposed_by,
        "email_index": blind_index(vault().index_key(box.key_id), person["email"]), "index_version": RULES_VERSION,
        "key_id": box.key_id, "data_key_id": box.data_key_id, "blob": box.blob,
        "expires_at": petition.closes_at or clock.now() + LIFE, "created_at": clock.now(),
    }  # fmt: skip
    row = insert(Invitation).values(values).on_conflict_do_nothing(index_elements=["petition_id", "email_index"])
    return db.session.execute(row.returning(Invitation.id)).scalar()


def asked_as(petition: Petition) -> InvitationKind:
    """What a person who is invited to this petition is there."""
    return InvitationKind.MEMBER if petition.invited_only else InvitationKind.NOTABLE


def invite(petition: Petition, *which: Any) -> int:
    """Promises the mail of the proposed invitations that are meant, once each; how many there were."""
    now = clock.now()
    asked = literal(asked_as(petition), Invitation.kind.type)  # a draft may have become a closed letter meanwhile
    kind = case((Invitation.kind == InvitationKind.ORGANISATION, Invitation.kind), else_=asked)
    invited = {
        "state": InvitationState.INVITED, "kind": kind, "invited_at": now, "expires_at": petition.closes_at or now + LIFE,
    }  # fmt: skip
    proposed = (Invitation.petition_id == petition.id, Invitation.state == InvitationState.PROPOSED, *which)
    return _promise(update(Invitation).where(*proposed).values(invited))


def invite_again(petition: Petition, *which: Any) -> int:
    """Promises the same mail with the same link once more."""
    now = clock.now()
    again = {"invited_at": now, "expires_at": petition.closes_at or now + LIFE}
    waiting = (Invitation.petition_id == petition.id, Invitation.state == InvitationState.INVITED, *which)
    return _promise(update(Invitation).where(*waiting).values(again))


def remind(*which: Any) -> int:
    """Promises the one reminder of the invitations that are meant; how many had none before."""
    waiting = (Invitation.state == InvitationState.INVITED, Invitation.reminded_at.is_(None), *which)
    changing = update(Invitation).where(*waiting).values(reminded_at=clock.now())
    rows = db.session.execute(changing.returning(Invitation.id, Invitation.public_id), execution_options=UNSYNCED).all()
    for row in rows:
        enqueue("invitations.remind", {"invitation": row.id}, key=f"invitation-remind:{row.public_id}")
    return len(rows)


def opener(petition: Petition) -> Opener:
    """Opens invitations of this petition; needs the keystore. Raises VaultError, KeyMissing."""
    open_row = vault().opener(petition.scope, SEALED_CONTEXT)
    return lambda row: open_row(str(row.key_id), str(row.data_key_id), row.blob or b"", row.public_id)


def hold(row: Invitation) -> None:
    """Waits until nobody else is at the row, and reads it anew: what is sealed again must not undo another's words."""
    holding = update(Invitation).where(Invitation.id == row.id).values(position=Invitation.position)
    db.session.execute(holding, execution_options=UNSYNCED)
    db.session.refresh(row)


def reseal(petition: Petition, row: Invitation, person: Mapping[str, Any]) -> None:
    """Replaces what a row and its own signature hold, unless they were emptied meanwhile; prepared as for `add`."""
    box = vault().seal(petition.scope, SEALED_CONTEXT, row.public_id, person)
    values = {"key_id": box.key_id, "data_key_id": box.data_key_id, "blob": box.blob}
    for table in (Invitation, Signature):
        held = (table.public_id == row.public_id, table.blob.is_not(None))
        db.session.execute(update(table).where(*held).values(values), execution_options=UNSYNCED)


def secret_of(row: Invitation, person: Mapping[str, Any]) -> str:
    """The 256-bit secret of the row's link, the same in each of its mails: an HMAC under a key that the worker holds."""
    named = f"{row.public_id}\n{person['salt']}".encode()
    mark = hmac.digest(vault().keystore.key_for("invitation"), named, "sha256")
    return urlsafe_b64encode(mark).decode().rstrip("=")


def tell_organisers(petition: Petition) -> None:
    """Promises organisers one mail a day and petition: something waits for their yes."""
    told = {"kind": "invitation-waits", "detail": {"petition": petition.slug}}
    key = f"alarm:invitation-waits:{petition.id}:{clock.now():%Y%m%d}"
    enqueue("alarm", told, key=key, priority=URGENT)


def _promise(changed: Any) -> int:
    columns = (Invitation.id, Invitation.public_id, Invitation.invited_at)
    rows = db.session.execute(changed.returning(*columns), execution_options=UNSYNCED).all()
    for row in rows:
        key = f"invite:{row.public_id}:{row.invited_at:%Y%m%dT%H%M%S}"
        enqueue("invitations.invite", {"invitation": row.id}, key=key)
    return len(rows)


def changed(change: Any) -> bool:
    """Whether a guarded UPDATE of one invitation met its row."""
    found = db.session.execute(change.returning(Invitation.id), execution_options=UNSYNCED)
    return found.scalar() is not None
