"""Long work under way: what the worker does at this moment for an organiser, how far it is, and where it is looked after."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, func, or_, select

from core import clock
from core.db import db
from core.jobs import Job
from donations.books import jobs as books_jobs
from organisers.accounts import presence
from petitions import jobs as petition_jobs
from petitions.abuse import invalidation_services as invalidations
from petitions.abuse.models import Invalidation
from petitions.keeping import erasure
from petitions.models import Petition
from petitions.states import InvalidationState

MOVING = (InvalidationState.RUNNING, InvalidationState.UNDOING)
UNCOUNTED = (Invalidation.state == InvalidationState.PREVIEW) & Invalidation.found.is_(None)
DOING = {
    InvalidationState.PREVIEW: _l("Signatures are looked through for an invalidation"),
    InvalidationState.RUNNING: _l("Signatures are taken out of the count"),
    InvalidationState.UNDOING: _l("An invalidation is undone"),
}
# Jobs that somebody in the office has asked for and waits for: what they do, and the page that tells how they ended.
ASKED = {
    petition_jobs.RECOUNT: (_l("Every number is compared with the signatures"), "office.dashboard"),
    books_jobs.KIND: (_l("The books are compared with Stripe’s"), "office.books"),
}


class Work(NamedTuple):
    """One piece: what is done, to what, since when, how far in percent where that is known, and its page."""

    words: str
    about: str
    since: datetime
    percent: int | None
    url: str


def under_way(petitions: Sequence[Petition]) -> list[Work]:
    """Everything that was begun on these petitions and is not done, the oldest first; of the site's own what one may open."""
    titles = {petition.id: petition.title for petition in petitions}
    found = [*_invalidations(titles), *_erasures(petitions), *_asked()]
    return sorted(found, key=lambda work: work.since)


def is_asked(kind: str) -> bool:
    """Whether a job of this kind waits or runs at this moment."""
    return db.session.scalar(select(Job.id).where(*_waiting(kind)).limit(1)) is not None


def _invalidations(titles: dict[int, str]) -> Iterator[Work]:
    mine = Invalidation.petition_id.in_(titles)
    moving = select(Invalidation).where(mine, or_(Invalidation.state.in_(MOVING), UNCOUNTED)).order_by(Invalidation.id)
    for one in db.session.scalars(moving):
        url = url_for("office.invalidation", petition_id=one.petition_id, invalidation_id=one.id)
        yield Work(str(DOING[one.state]), titles[one.petition_id], one.created_at, invalidations.progress(one), url)


def _erasures(petitions: Sequence[Petition]) -> Iterator[Work]:
    for petition in petitions:
        if petition.erased_at is not None and erasure.under_way(petition):
            url = url_for("office.retention", petition_id=petition.id)
            yield Work(_("A petition is erased"), petition.title, petition.erased_at, None, url)


def _asked() -> Iterator[Work]:
    for kind, (words, endpoint) in ASKED.items():
        since = db.session.scalar(select(func.min(Job.created_at)).where(*_waiting(kind)))
        if since is not None and presence.may(endpoint):
            yield Work(str(words), "", since, None, url_for(endpoint))


def _waiting(kind: str) -> tuple[ColumnElement[bool], ...]:
    """The conditions of jobs of a kind that are due, or run."""
    due = (Job.state == "queued") & (Job.run_at <= clock.now())
    return Job.kind == kind, Job.state.in_(("queued", "running")), or_(Job.state == "running", due)
