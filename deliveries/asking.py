"""What organisers decide about a delivery: asked for, approved by a second person, refused, cancelled."""

import secrets
from typing import Any

from sqlalchemy import select, update

from core import audit, clock
from core.db import RowNotFound, db
from core.jobs import enqueue
from core.slow_jobs import SLOW
from core.vault import SITE, Sealed, vault
from deliveries import news
from deliveries import wishes as wished
from deliveries.columns import COLUMNS
from deliveries.formats import FORMATS
from deliveries.models import Delivery
from deliveries.seals import DELIVERY_CONTEXT
from deliveries.states import TRANSITIONS, DeliveryState, Protection
from deliveries.wishes import Wishes as Wishes
from deliveries.wishes import WrongWish as WrongWish
from petitions.list_services import Criteria
from petitions.models import Petition

MAKE = "deliveries.make"  # the kind of the job
COPIED = ("name", "role", "organisation", "address", "country")  # of the recipient, as it is now


class DeliveryNotFound(RowNotFound):
    """No such delivery of this petition."""


class MovedOn(ValueError):
    """The delivery is not in the state that this act begins from; somebody else was faster."""


class NeedsAnother(ValueError):
    """Whoever asked for a delivery cannot be the second person."""


def get(petition: Petition, delivery_id: int) -> Delivery:
    """A delivery of this very petition. Raises DeliveryNotFound."""
    found = db.session.get(Delivery, delivery_id)
    if found is None or found.petition_id != petition.id:
        raise DeliveryNotFound(delivery_id)
    return found


def list_of(petition: Petition) -> list[Delivery]:
    """The newest first."""
    mine = select(Delivery).where(Delivery.petition_id == petition.id).order_by(Delivery.id.desc())
    return list(db.session.scalars(mine))


def criteria_of(since: Delivery | None, countries: tuple[str, ...]) -> Criteria:
    return Criteria(countries=countries, after=(since.last_signature_id or 0) if since else 0)


def ask(petition: Petition, wishes: Wishes, *, by: int, actor: str, alone: bool) -> Delivery:
    """A delivery that a worker makes at once where its organiser decides `alone`, else once a second person has said yes.

    The caller has prepared the vault for SITE before its transaction began. Raises one of WrongWish."""
    wished.check(petition, wishes)
    count_only = wishes.count_only
    asked = Delivery(
        public_id=new_public_id(), petition=petition, recipient_id=wishes.recipient.id,
        recipient={name: getattr(wishes.recipient, name) for name in COPIED}, language=wishes.language,
        formats=[] if count_only else [key for key in FORMATS if key in wishes.formats],
        columns=[] if count_only else [key for key in COLUMNS if key in wishes.columns],
        countries=sorted(set(wishes.countries)), since_id=wishes.since.id if wishes.since else None,
        notable_first=wishes.notable_first, count_only=count_only, purpose=wishes.purpose, delete_by=wishes.delete_by,
        protection=wishes.protection, age_recipient=wishes.age_recipient if wishes.protection == Protection.AGE else "",
        state=DeliveryState.QUEUED if alone else DeliveryState.WAITING, created_by=by, kept_days=wishes.kept_days,
    )  # fmt: skip
    if wishes.protection == Protection.PASSWORD:
        seal(asked, {"password": wishes.password})
    db.session.add(asked)
    db.session.flush()
    detail = {"formats": asked.formats, "columns": asked.columns, "countries": asked.countries, "alone": alone}
    note("delivery.asked", asked, actor, recipient=asked.recipient_id, count_only=count_only, **detail)
    if alone:
        promise(asked)
    return asked


def seal(found: Delivery, secret: dict[str, str]) -> None:
    """Puts the delivery's secrets into its sealed row: `password`, `pack_key`, `cover_code`, each where there is one."""
    box = vault().seal(SITE, DELIVERY_CONTEXT, found.public_id, secret)
    found.key_id, found.data_key_id, found.blob = box.key_id, box.data_key_id, box.blob


def unseal(found: Delivery) -> dict[str, str]:
    """The secrets of a delivery; needs the keystore."""
    if found.blob is None:
        return {}
    sealed = Sealed(str(found.key_id), str(found.data_key_id), found.blob)
    return vault().open(sealed, scope=SITE, context=DELIVERY_CONTEXT, public_id=found.public_id)


def approve(found: Delivery, *, by: int, actor: str) -> None:
    """The second person's yes; a worker begins. Raises NeedsAnother, MovedOn."""
    if by == found.created_by:
        raise NeedsAnother(found.public_id)
    move(found, DeliveryState.QUEUED, approved_by=by, approved_at=clock.now())
    note("delivery.approved", found, actor)
    promise(found)


def refuse(found: Delivery, reason: str, *, actor: str) -> None:
    """Raises MovedOn."""
    move(found, DeliveryState.REFUSED, reason=reason, blob=None)
    note("delivery.refused", found, actor, reason=reason)
    news.tell_asker(found, news.REFUSED)


def cancel(found: Delivery, *, actor: str) -> None:
    """Stops it, also while it is being made: nothing of it stays. Raises MovedOn."""
    move(found, DeliveryState.CANCELLED, blob=None)
    note("delivery.cancelled", found, actor)


def promise(found: Delivery) -> None:
    """Promises the job that makes it, once."""
    enqueue(MAKE, {"delivery": found.id}, key=f"deliver:{found.public_id}", priority=SLOW)


def move(found: Delivery, target: DeliveryState, **values: Any) -> None:
    """One step along TRANSITIONS, guarded by its state in the database. Raises MovedOn."""
    source = found.state
    if target not in TRANSITIONS[source]:
        raise MovedOn(f"{source} → {target}")
    same = (Delivery.id == found.id, Delivery.state == source)
    moved = update(Delivery).where(*same).values(state=target, **values).returning(Delivery.id)
    if db.session.execute(moved, execution_options={"synchronize_session": False}).scalar() is None:
        raise MovedOn(f"{source} → {target}")
    db.session.refresh(found)


def new_public_id() -> str:
    """Opaque, and safe to begin a file's name or a cell: never with a dash."""
    return "d" + secrets.token_urlsafe(15)


def note(act: str, found: Delivery, actor: str, **detail: Any) -> None:
    """An entry of the audit chain about a delivery."""
    audit.record(act, f"{found.petition.slug}:{found.public_id}", actor=actor, **detail)
