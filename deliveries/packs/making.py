"""The job that makes a pack: frozen, written, sealed, signed, and then there in one commit, or not at all.

Whoever is killed on the way leaves drafts only, which the next attempt clears away; a row is ready only with its whole pack."""

import logging
import shutil
import tempfile
from pathlib import Path

from flask import current_app

from core.db import db, trace
from core.jobs import Job, NotNow
from deliveries import asking, news
from deliveries.models import Delivery
from deliveries.packs import publishing, store, writing
from deliveries.packs.failures import CannotMake, code_of, detail_of
from deliveries.packs.progress import Progress, Stopped
from deliveries.states import UNDER_WAY, DeliveryState
from petitions.list_services import listed

log = logging.getLogger(__name__)
ATTEMPTS = 5  # a sixth one would not help
ROOM, ROOM_A_LINE = 64 << 20, 3000  # bytes on the disk


def make(job: Job) -> None:
    """The handler. What cannot be made fails with a reason; what may do better next time is raised."""
    found = db.session.get(Delivery, job.args["delivery"])
    if found is None:
        return
    _clear(found)
    if found.state not in UNDER_WAY:
        return
    delivery_id, public_id = found.id, found.public_id
    try:
        _make(found, job.attempts)
    except (Stopped, asking.MovedOn) as stop:
        db.session.rollback()
        log.info("delivery %s was stopped: %s", public_id, stop)
    except NotNow:
        raise
    except Exception as error:
        code = code_of(error) or ("unexpected" if job.attempts >= ATTEMPTS else None)
        if code is None:
            raise
        log.error("delivery %s cannot be made: %s\n%s", public_id, code, trace(error))
        _fail(delivery_id, f"{code} {detail_of(error)}".strip())


def _make(found: Delivery, attempt: int) -> None:
    if attempt > ATTEMPTS:  # its process was killed each time
        raise CannotMake("unexpected")
    if found.state == DeliveryState.QUEUED:
        asking.move(found, DeliveryState.MAKING)
        db.session.commit()
    _look_before(found)
    with tempfile.TemporaryDirectory(prefix=f"tmp-{found.public_id}-", dir=_drafts_folder()) as folder:
        publishing.publish(found, writing.write(found, Path(folder), Progress(found.id)))


def _fail(delivery_id: int, reason: str) -> None:
    db.session.rollback()
    found = db.session.get_one(Delivery, delivery_id, populate_existing=True)
    if found.state in UNDER_WAY:
        asking.move(found, DeliveryState.FAILED, reason=reason, blob=None)
        asking.note("delivery.failed", found, "worker", reason=reason)
        news.tell_asker(found, news.FAILED)


def _look_before(found: Delivery) -> None:
    if found.petition.erased_at is not None:
        raise CannotMake("erased")
    needed = ROOM + ROOM_A_LINE * listed(found.petition)
    if any(shutil.disk_usage(place).free < needed for place in (store.folder(), _drafts_folder())):
        raise CannotMake("disk")


def _clear(found: Delivery) -> None:
    """What an earlier attempt left, which was killed: files that nobody will ask for."""
    kept = store.path_of(found.public_id, found.manifest) if found.manifest else None
    drafts, packs = _drafts_folder().glob(f"tmp-{found.public_id}-*"), store.folder().glob(f"{found.public_id}-*")
    for left in (*drafts, *(path for path in packs if path != kept)):
        shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)


def _drafts_folder() -> Path:
    folder: Path = current_app.config["UNDERSIGNED"].drafts_folder
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
