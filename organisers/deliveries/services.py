"""Deliveries in the office: who may say yes as the second person, what a delivery would hold, who has fetched it."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple

from flask import current_app
from flask_babel import force_locale
from sqlalchemy import func, select

from core import alarms, audit
from core.audit import AuditEntry
from core.db import db
from core.switches import switches
from core.tables import Row
from deliveries import asking, columns
from deliveries.asking import Wishes
from deliveries.models import Correction, Delivery
from deliveries.packs import store
from deliveries.packs.freezing import notables_of
from deliveries.states import PUBLISHED, DeliveryState
from organisers.accounts import colleagues, factors
from organisers.accounts.scope import Cases, visible
from organisers.models import Organiser
from organisers.permissions import WRITERS
from petitions.list_services import Counts, Criteria, SignatureLine, counts, listed, signatures_for
from petitions.models import Petition
from petitions.persons import UNREADABLE
from petitions.states import PetitionState

SHOWN = 10  # lines of a preview
WAITS = "delivery-waits"  # the alarm
FETCHED = "delivery.fetched"


class Preview(NamedTuple):
    """How many lines a delivery would have and leave out, and its first lines in `keys`."""

    counts: Counts
    keys: Sequence[str]
    header: Row
    rows: Sequence[Row]


class Fetch(NamedTuple):
    at: Any
    actor: str


class Unreadable(ValueError):
    """A signature cannot be opened here, so no list can be written."""


def takes_deliveries(petition: Petition) -> bool:
    """Whether anything can be handed over: it was published, and its data is there."""
    return petition.state != PetitionState.DRAFT and petition.erased_at is None


def approvers(petition: Petition, *, but: int) -> list[Organiser]:
    """Who could say yes besides the one who asks: those who may hand over this case's lists, and have a second factor."""
    able = colleagues.with_roles(WRITERS, case_id=petition.case_id)
    return [one for one in able if one.id != but and factors.has_any(one)]


def needs_another(petition: Petition, asker: int) -> bool:
    """Whether a delivery waits for a second person, as the switch says."""
    wanted = switches().second_person
    return wanted == "on" or (wanted == "auto" and bool(approvers(petition, but=asker)))


def ask(petition: Petition, wishes: Wishes, asker: Organiser) -> Delivery:
    """The delivery; where it waits, those who may approve it are told by mail. The vault is prepared for SITE."""
    alone = not needs_another(petition, asker.id)
    made = asking.ask(petition, wishes, by=asker.id, actor=asker.email, alone=alone)
    if not alone:
        server = current_app.config["UNDERSIGNED"].server_url
        page = f"{server}/office/petitions/{petition.id}/deliveries/{made.id}"
        alarms.sound(WAITS, made.public_id, delivery=made.public_id, page=page)
    return made


def told(public_id: str) -> Sequence[Organiser]:
    """Whom the mail about a waiting delivery goes to."""
    found = db.session.scalar(select(Delivery).where(Delivery.public_id == public_id))
    return approvers(found.petition, but=found.created_by) if found else []


def waiting_for(me: int, cases: Cases) -> list[Delivery]:
    """Deliveries of these cases that wait for a yes which this organiser could give, the oldest first."""
    others = (Delivery.state == DeliveryState.WAITING, Delivery.created_by != me)
    query = select(Delivery).join(Petition, Petition.id == Delivery.petition_id).where(*others)
    return list(db.session.scalars(visible(query, Petition.case_id, cases).order_by(Delivery.id)))


def earlier(petition: Petition) -> list[Delivery]:
    """Lists that were delivered, from whose end a new one can go on; the newest first."""
    whole = (
        Delivery.petition_id == petition.id,
        Delivery.state.in_(PUBLISHED),
        Delivery.last_signature_id.is_not(None),
    )
    return list(db.session.scalars(select(Delivery).where(*whole).order_by(Delivery.id.desc())))


def goes_on_from(found: Delivery) -> Delivery | None:
    """The earlier delivery after whose last line this one begins."""
    return db.session.get(Delivery, found.since_id) if found.since_id else None


def lines_now(found: Delivery) -> int | None:
    """How many would stand on a list that waits for a yes, for whoever has to say it."""
    if found.state != DeliveryState.WAITING or found.count_only:
        return None
    return listed(found.petition, asking.criteria_of(goes_on_from(found), tuple(found.countries)))


def preview(petition: Petition, wishes: Wishes) -> Preview:
    """What the delivery would be if it were made now, in its own language. Raises Unreadable."""
    criteria, keys = asking.criteria_of(wishes.since, wishes.countries), wishes.columns
    try:
        first = [] if wishes.count_only else list(islice(_lines(petition, criteria, wishes.notable_first), SHOWN))
    except UNREADABLE as error:
        raise Unreadable(petition.slug) from error
    with force_locale(wishes.language):
        rows = list(columns.rows(first, keys))
        header = columns.header(keys)
    return Preview(counts(petition, criteria), keys, header, rows)


def _lines(petition: Petition, criteria: Criteria, notable_first: bool) -> Iterator[SignatureLine]:
    """In the order in which a pack has them (deliveries/packs/freezing.py)."""
    notable = notables_of(petition) if notable_first else {}
    if notable:
        found = {line.signature_id: line for line in signatures_for(petition, criteria._replace(only=tuple(notable)))}
        yield from (found[one] for one in notable if one in found)
    yield from (line for line in signatures_for(petition, criteria) if line.signature_id not in notable)


def is_empty(petition: Petition, wishes: Wishes) -> bool:
    """Whether a list is asked for on which nobody would stand."""
    return not wishes.count_only and not listed(petition, asking.criteria_of(wishes.since, wishes.countries))


def addresses(ids: Collection[int | None]) -> dict[int, str]:
    """Organisers' addresses by id."""
    rows = db.session.execute(
        select(Organiser.id, Organiser.email).where(Organiser.id.in_([one for one in ids if one]))
    )
    return {row.id: row.email for row in rows}


def note_fetch(found: Delivery, *, actor: str) -> None:
    audit.record(FETCHED, subject_of(found), actor=actor)


def fetches(found: Delivery) -> list[Fetch]:
    """Who has taken the pack out, and when, the oldest first: what the audit chain says."""
    mine = (AuditEntry.act == FETCHED, AuditEntry.subject == subject_of(found))
    rows = select(AuditEntry.at, AuditEntry.actor).where(*mine).order_by(AuditEntry.id)
    return [Fetch(*row) for row in db.session.execute(rows)]


def corrections(found: Delivery) -> tuple[int, int]:
    """How many of its lines have left since, and how many of these the recipient was told."""
    counts = select(func.count(), func.count(Correction.sent_at)).where(Correction.delivery_id == found.id)
    gone, sent = db.session.execute(counts).one()
    return gone, sent


def cover_code(found: Delivery) -> str | None:
    """The code on the cover sheet, in groups; None where there is none, or its key is gone."""
    with suppress(*store.UNREADABLE):
        return asking.unseal(found).get(store.COVER_CODE)
    return None


def subject_of(found: Delivery) -> str:
    """How the audit chain names a delivery."""
    return f"{found.petition.slug}:{found.public_id}"


def percent(found: Delivery) -> int | None:
    """How far its making is, where that is known."""
    return min(100, 100 * found.done // found.total) if found.total else None
