"""The end of making: the whole pack takes its place on the disk, then one commit says so."""

import hashlib
import os
from datetime import timedelta
from pathlib import Path

from core import site_signature
from core.db import db
from core.vault import SITE, vault
from deliveries import asking, news
from deliveries.models import Delivery, DeliveryFile, LinePart
from deliveries.packs import manifest, store
from deliveries.packs.spool import line_parts
from deliveries.packs.writing import Pack
from deliveries.states import DeliveryState

LONG = timedelta(minutes=5)  # after which nobody looks at its page any more


def publish(found: Delivery, pack: Pack) -> None:
    """The caller commits. Raises MovedOn where somebody has cancelled it."""
    vault().prepare(SITE)  # the key at hand when the job began may be too old by now
    path = store.path_of(found.public_id, pack.manifest)
    pack.draft.replace(path)
    _sync(path.parent)
    try:
        _ready(found, pack)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _ready(found: Delivery, pack: Pack) -> None:
    numbers, code = pack.facts.numbers, pack.secret.get(store.COVER_CODE)
    asking.move(
        found, DeliveryState.READY, made_at=pack.made_at, expires_at=pack.made_at + timedelta(days=found.kept_days),
        lines=numbers.lines, counted=numbers.counted, withheld=numbers.withheld,
        last_signature_id=pack.frozen.last_id, log_size=pack.frozen.size,
        manifest=pack.manifest, signature=pack.signature,
        key_fingerprint=site_signature.fingerprint(site_signature.public_key()),
        cover_code_digest=hashlib.sha256(code.encode()).digest() if code else None,
    )  # fmt: skip
    asking.seal(found, pack.secret)
    for position, file in enumerate(pack.files):
        kept = {"name": file.name, "media_type": file.media_type, "size": file.size, "digest": file.digest}
        db.session.add(DeliveryFile(delivery_id=found.id, position=position, **kept))
    for first, ids in line_parts(pack.frozen.ids):
        db.session.add(LinePart(delivery_id=found.id, first=first, signature_ids=ids))
    told = {"lines": numbers.lines, "manifest": manifest.digest_of(pack.manifest), "log_size": pack.frozen.size}
    asking.note("delivery.made", found, "worker", **told)
    if found.approved_by is not None or pack.made_at - found.created_at > LONG:
        news.tell_asker(found, news.READY)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
