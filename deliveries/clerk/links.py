"""Links for clerks, from the office's side: sent, taken back, and the copy of the pack that each leads to."""

import hashlib
import zipfile
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import select

from core import audit, clock, mail, tokens, unsubscribes
from core.db import RowNotFound, db
from core.jobs import Job, enqueue
from core.vault import SITE, Sealed, vault
from core.whole_files import write_whole
from deliveries.asking import new_public_id
from deliveries.clerk import codes, copies
from deliveries.clerk.copies import Copy
from deliveries.clerk.models import ClerkLink
from deliveries.clerk.services import LIFE
from deliveries.models import Delivery, DeliveryFile
from deliveries.news import NEWS
from deliveries.packs import store
from deliveries.seals import CLERK_CONTEXT
from deliveries.states import DeliveryState, Protection
from petitions import showing

SEND, UNSENT = "deliveries.clerk_send", "deliveries.clerk_unsent"  # kinds of jobs
LETTER = "letter.pdf"
LARGEST_LETTER = 5 * 1024 * 1024  # mail servers take not much more
DRAFT_LIFE = timedelta(hours=6)


class NothingToSend(ValueError):
    """The pack is not there, not yet or not any more."""


class NoSuchLink(RowNotFound):
    """No such link of this delivery."""


def send(delivery: Delivery, email: str, *, actor: str) -> str:
    """Promises the mail with a new link; gives the code, which is kept nowhere once the worker has made the copy.

    The vault was prepared for SITE. Raises NothingToSend."""
    if delivery.state != DeliveryState.READY:
        raise NothingToSend(delivery.public_id)
    secret, code, public_id = tokens.new_secret(), codes.new_code(), new_public_id()
    link = ClerkLink(
        digest=tokens.digest(secret), public_id=public_id, delivery_id=delivery.id,
        code_digest=codes.derive(secret, code).digest, expires_at=clock.now() + LIFE,
    )  # fmt: skip
    _seal(link, {"email": email, "secret": secret, "code": code})
    db.session.add(link)
    db.session.flush()
    enqueue(SEND, {"link": link.id}, key=f"clerk:{public_id}")
    _record("delivery.clerk_link_sent", delivery, actor)
    return code


def revoke(delivery: Delivery, link_id: int, *, actor: str) -> None:
    """Ends a link: its page, its copy, its address. Raises NoSuchLink."""
    link = db.session.get(ClerkLink, link_id)
    if link is None or link.delivery_id != delivery.id:
        raise NoSuchLink(link_id)
    if link.revoked_at is None:
        _end(link)
        _record("delivery.clerk_link_revoked", delivery, actor)


def of(delivery: Delivery) -> list[ClerkLink]:
    """The newest first."""
    mine = select(ClerkLink).where(ClerkLink.delivery_id == delivery.id)
    return list(db.session.scalars(mine.order_by(ClerkLink.id.desc())))


def address_of(link: ClerkLink) -> str:
    """To whom it went; needs the keystore. Empty once it was taken back."""
    return str(_opened(link)["email"]) if link.blob else ""


def is_mailed(link: ClerkLink) -> bool:
    """Whether the worker has promised its mail: then secret and code are forgotten."""
    return link.blob is not None and "secret" not in _opened(link)


def prepare(job: Job) -> None:
    """The worker's job: makes the copy, and promises the mail with the link; then secret and code are forgotten."""
    link = db.session.get(ClerkLink, job.args["link"])
    if link is None or not link.live or "secret" not in (told := _opened(link)):
        return
    key, path = codes.derive(told["secret"], told["code"]).key, copies.path_of(link.public_id)
    try:
        write_whole(path, copies.sealed(key, store.read(link.delivery)))
    except store.PackGone:  # meanwhile: no mail may promise it
        return _give_up(link, "gone")
    path.chmod(0o640)  # the public server may run as another user of one group
    _mail(link, told, _letter(link.delivery, Copy(path, key)))
    return _seal(link, {"email": told["email"]})


def unsent(job: Job) -> None:
    """The mail will never go: its link ends, and organisers hear why."""
    link = db.session.get(ClerkLink, job.args["link"])
    if link is not None and link.revoked_at is None:
        _give_up(link, "unsent")


def sweep() -> bool:
    """The worker's tick: ends the links of petitions that were erased, and removes copies that no link leads to. Commits."""
    live = {
        link.public_id: link for link in db.session.scalars(select(ClerkLink).where(ClerkLink.revoked_at.is_(None)))
    }
    for link in live.values():
        if link.delivery.petition.erased_at is not None:
            _end(link)
    db.session.commit()
    kept = {name for name, link in live.items() if link.live}
    oldest = (clock.now() - DRAFT_LIFE).timestamp()
    gone = [
        path for path in copies.folder().iterdir()
        if path.name not in kept and (not path.name.startswith(".") or path.stat().st_mtime < oldest)
    ]  # fmt: skip
    for path in gone:
        path.unlink(missing_ok=True)
    return bool(gone)


def _mail(link: ClerkLink, told: Mapping[str, str], letter: bytes | None) -> None:
    delivery, server = link.delivery, current_app.config["UNDERSIGNED"].server_url
    context = {
        "delivery": delivery.public_id, "check": f"{server}/deliveries/{delivery.public_id}", "enclosed": letter is not None,
        "digest": hashlib.sha256(letter).hexdigest() if letter else "",
        "title": "" if delivery.petition.case.dangerous else showing.title(delivery.petition),
        "links": {
            "clerk": f"{server}/deliveries/clerk/{told['secret']}",
            "unsubscribe": f"{server}/unsubscribe/{unsubscribes.token_of(told['email'])}",
        },
    }  # fmt: skip
    mail.promise(
        "clerk_link", to=told["email"], key=f"clerk:{link.public_id}", context=context, language=delivery.language,
        attachment=(LETTER, letter) if letter else None, lasts=(link.expires_at - clock.now(), delivery.petition.time_zone),
        otherwise=(UNSENT, {"link": link.id}),
    )  # fmt: skip


def _letter(delivery: Delivery, pack: Copy) -> bytes | None:
    """The letter as it stands in the pack, whose hash the check page knows; None where it must not travel in an open mail:
    of a dangerous case, or where organisers have closed the pack with a password or a key."""
    with pack:
        if delivery.protection != Protection.NONE or delivery.petition.case.dangerous:
            return None
        with zipfile.ZipFile(pack) as files:
            if LETTER not in files.namelist() or files.getinfo(LETTER).file_size > LARGEST_LETTER:
                return None
            letter = files.read(LETTER)
    mine = (DeliveryFile.delivery_id == delivery.id, DeliveryFile.digest == hashlib.sha256(letter).digest())
    known = db.session.scalar(select(DeliveryFile.id).where(*mine))
    return letter if known is not None else None


def _give_up(link: ClerkLink, why: str) -> None:
    _end(link)
    enqueue(NEWS, {"delivery": link.delivery_id, "what": why})


def _end(link: ClerkLink) -> None:
    copies.path_of(link.public_id).unlink(missing_ok=True)
    link.revoked_at = link.revoked_at or clock.now()
    link.key_id = link.data_key_id = link.blob = None


def _opened(link: ClerkLink) -> dict[str, Any]:
    sealed = Sealed(str(link.key_id), str(link.data_key_id), link.blob or b"")
    return vault().open(sealed, scope=SITE, context=CLERK_CONTEXT, public_id=link.public_id)


def _seal(link: ClerkLink, told: Mapping[str, str]) -> None:
    box = vault().seal(SITE, CLERK_CONTEXT, link.public_id, told)
    link.key_id, link.data_key_id, link.blob = box.key_id, box.data_key_id, box.blob


def _record(act: str, delivery: Delivery, actor: str) -> None:
    audit.record(act, f"{delivery.petition.slug}:{delivery.public_id}", actor=actor)
