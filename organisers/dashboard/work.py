"""Long work under way: what the worker does at this moment for an organiser, how far it is, and where it is looked after."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, func, or_, select

from core import clock
from core.db import db
from core.jobs import Job
from deliveries.models import Delivery
from deliveries.states import UNDER_WAY, DeliveryState
from donations.books import jobs as books_jobs
from organisers.accounts import presence
from organisers.deliveries import services as deliveries
from organisers.site import checking
from petitions import jobs as petition_jobs
from petitions.abuse import invalidation_services as invalidations
from petitions.abuse.models import Invalidation
from petitions.imports import inviting
from petitions.imports.models import SignatureImport
from petitions.keeping import erasure
from petitions.models import Petition
from petitions.states import ImportState, InvalidationState
from petitions.updates.models import Update, UpdateState

MOVING = (InvalidationState.RUNNING, InvalidationState.UNDOING)
UNCOUNTED = (Invalidation.state == InvalidationState.PREVIEW) & Invalidation.found.is_(None)
DOING = {
    InvalidationState.PREVIEW: _l("Signatures are looked through for an invalidation"),
    InvalidationState.RUNNING: _l("Signatures are taken out of the count"),
    InvalidationState.UNDOING: _l("An invalidation is undone"),
}
IMPORTING = {
    ImportState.COUNTING: _l("A file of signatures is counted"),
    ImportState.RUNNING: _l("Signatures are taken over from a file"),
    ImportState.UNDOING: _l("A file of signatures is taken back"),
}
DELIVERING = {
    DeliveryState.QUEUED: _l("A delivery waits for a worker"),
    DeliveryState.MAKING: _l("A delivery is made"),
}
# Jobs that somebody in the office has asked for and waits for: what they do, and the page that tells how they ended.
ASKED = {
    petition_jobs.RECOUNT: (_l("Every number is compared with the signatures"), "office.dashboard"),
    books_jobs.KIND: (_l("The books are compared with Stripe’s"), "office.books"),
    checking.KIND: (_l("The site is checked before it goes live"), "office.site"),
}


class Work(NamedTuple):
    """One piece: what is done, to what, since when, how far in percent where that is known, and its page, '' for who may
    not open it."""

    words: str
    about: str
    since: datetime
    percent: int | None
    url: str


def under_way(petitions: Sequence[Petition]) -> list[Work]:
    """Everything that was begun on these petitions and is not done, the oldest first; of the site's own what one may open."""
    found = [
        *_invalidations(petitions),
        *_imports(petitions),
        *_updates(petitions),
        *_deliveries(petitions),
        *_erasures(petitions),
        *_asked(),
    ]
    return sorted(found, key=lambda work: work.since)


def is_asked(kind: str) -> bool:
    """Whether a job of this kind waits or runs at this moment."""
    return db.session.scalar(select(Job.id).where(*_waiting(kind)).limit(1)) is not None


def _invalidations(petitions: Sequence[Petition]) -> Iterator[Work]:
    known = {petition.id: petition for petition in petitions}
    mine = Invalidation.petition_id.in_(known)
    moving = select(Invalidation).where(mine, or_(Invalidation.state.in_(MOVING), UNCOUNTED)).order_by(Invalidation.id)
    for one in db.session.scalars(moving):
        petition = known[one.petition_id]
        url = _page("office.invalidation", petition, invalidation_id=one.id)
        yield Work(str(DOING[one.state]), petition.title, one.created_at, invalidations.progress(one), url)


def _imports(petitions: Sequence[Petition]) -> Iterator[Work]:
    """Files of signatures on their way in or out, and the inviting of who came by one."""
    known = {petition.id: petition for petition in petitions}
    going = or_(SignatureImport.state.in_(IMPORTING), and_(*inviting.UNDER_WAY))
    mine = select(SignatureImport).where(SignatureImport.petition_id.in_(known), going).order_by(SignatureImport.id)
    for one in db.session.scalars(mine):
        petition = known[one.petition_id]
        url = _page("office.signature_import", petition, import_id=one.id)
        words = IMPORTING.get(one.state, _("Who was taken over is invited to confirm"))
        percent = 100 * one.cursor // one.parts if one.state == ImportState.RUNNING and one.parts else None
        yield Work(str(words), petition.title, one.invited_at or one.created_at, percent, url)


def _updates(petitions: Sequence[Petition]) -> Iterator[Work]:
    known = {petition.id: petition for petition in petitions}
    sending = (Update.petition_id.in_(known), Update.state == UpdateState.SENDING)
    for one in db.session.scalars(select(Update).where(*sending).order_by(Update.id)):
        petition = known[one.petition_id]
        url = _page("office.update", petition, update_id=one.id)
        yield Work(_("An update is sent"), petition.title, one.starts_at or one.created_at, None, url)


def _deliveries(petitions: Sequence[Petition]) -> Iterator[Work]:
    known = {petition.id: petition for petition in petitions}
    making = (Delivery.petition_id.in_(known), Delivery.state.in_(UNDER_WAY))
    for one in db.session.scalars(select(Delivery).where(*making).order_by(Delivery.id)):
        petition = known[one.petition_id]
        url = _page("office.delivery", petition, delivery_id=one.id)
        since = one.approved_at or one.created_at
        yield Work(str(DELIVERING[one.state]), petition.title, since, deliveries.percent(one), url)


def _erasures(petitions: Sequence[Petition]) -> Iterator[Work]:
    for petition in petitions:
        if petition.erased_at is not None and erasure.under_way(petition):
            url = _page("office.retention", petition)
            yield Work(_("A petition is erased"), petition.title, petition.erased_at, None, url)


def _asked() -> Iterator[Work]:
    for kind, (words, endpoint) in ASKED.items():
        since = db.session.scalar(select(func.min(Job.created_at)).where(*_waiting(kind)))
        if since is not None and presence.may(endpoint):
            yield Work(str(words), "", since, None, url_for(endpoint))


def _page(endpoint: str, petition: Petition, **values: Any) -> str:
    return url_for(endpoint, petition_id=petition.id, **values) if presence.may(endpoint, petition.case_id) else ""


def _waiting(kind: str) -> tuple[ColumnElement[bool], ...]:
    """The conditions of jobs of a kind that are due, or run."""
    due = (Job.state == "queued") & (Job.run_at <= clock.now())
    return Job.kind == kind, Job.state.in_(("queued", "running")), or_(Job.state == "running", due)
