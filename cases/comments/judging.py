"""What organisers read of comments and make of them; the office only, since everything that waits is sealed."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from cases.comments.models import Comment, CommentState
from cases.comments.services import SEALED_CONTEXT, CommentNotFound
from cases.models import Case
from core import clock
from core.db import db
from core.keystore import KeyMissing
from core.vault import SITE, Sealed, VaultError, vault

UNREADABLE = (VaultError, KeyMissing)


class MovedOn(ValueError):
    """The comment stands otherwise than the organiser's page showed."""


class AddressGone(LookupError):
    """The writer's address has been deleted, or cannot be opened."""


@dataclass(frozen=True)
class Words:
    """What somebody wrote, without the address; all '' where it does not open."""

    name: str = ""
    text: str = ""
    country: str = ""


def get(case: Case, comment_id: int) -> Comment:
    """A comment of this very case, in whatever state. Raises CommentNotFound."""
    comment = find(comment_id)
    if comment.case_id != case.id:
        raise CommentNotFound(str(comment_id))
    return comment


def find(comment_id: int) -> Comment:
    """A comment, in whatever state. Raises CommentNotFound."""
    comment = db.session.get(Comment, comment_id)
    if comment is None:
        raise CommentNotFound(str(comment_id))
    return comment


def in_state(
    state: CommentState, *, cases: Collection[int] | None = None, kind: str = "", limit: int
) -> Sequence[Comment]:
    """Those of these cases, or of all, that wait, the oldest first, what machines filled in last; of another state those
    judged last come first."""
    query = select(Comment).where(Comment.state == state).limit(limit)
    waiting = (Comment.trapped, Comment.id)
    query = query.order_by(*waiting if state == CommentState.HELD else (Comment.judged_at.desc(), Comment.id.desc()))
    if cases is not None:
        query = query.where(Comment.case_id.in_(cases))
    if kind:
        query = query.where(Comment.kind == kind)
    return db.session.scalars(query).all()


def words_of(comment: Comment) -> Words:
    """What was written: in clear once approved, else from the seal."""
    if comment.state == CommentState.APPROVED:
        return Words(comment.name or "", comment.text or "", comment.country or "")
    try:
        opened = _open(comment)
    except UNREADABLE:
        return Words()
    return Words(opened["name"], opened["text"], opened["country"])


def address_of(comment: Comment) -> str:
    """The writer's e-mail address. Raises AddressGone."""
    try:
        address = str(_open(comment)["email"])
    except UNREADABLE:
        address = ""
    if not address:
        raise AddressGone(comment.public_id)
    return address


def move(comment: Comment, *, before: CommentState, after: CommentState) -> None:
    """Gives a comment another state, if it still has the one that was seen: words come into clear or are sealed again.

    The caller has prepared the vault for SITE. Raises MovedOn, VaultError where it does not open."""
    standing = (Comment.id == comment.id, Comment.state == before, Comment.state != CommentState.WITHDRAWN)
    values = _clear(comment) if after == CommentState.APPROVED else _sealed_again(comment)
    moved = update(Comment).where(*standing).values(state=after, judged_at=clock.now(), **values)
    if db.session.execute(moved.returning(Comment.id)).scalar() is None:
        raise MovedOn(str(comment.id))
    db.session.refresh(comment)


def reply(comment: Comment, text: str) -> None:
    """Sets the organisers' words under a comment; '' takes them away. Raises MovedOn for one that was withdrawn."""
    standing = (Comment.id == comment.id, Comment.state != CommentState.WITHDRAWN)
    replied = update(Comment).where(*standing).values(reply=text)
    if db.session.execute(replied.returning(Comment.id)).scalar() is None:
        raise MovedOn(str(comment.id))


def _clear(comment: Comment) -> dict[str, Any]:
    if comment.blob is None:
        return {}
    opened = _open(comment)
    return {"name": opened["name"], "text": opened["text"], "country": opened["country"] or None}


def _sealed_again(comment: Comment) -> dict[str, Any]:
    """Nothing stays in clear; whose seal was deleted with the address is sealed anew without one."""
    values: dict[str, Any] = {"name": None, "text": None, "country": None}
    if comment.blob is None and comment.text is not None:
        words = {"name": comment.name or "", "text": comment.text, "country": comment.country or "", "email": ""}
        box = vault().seal(SITE, SEALED_CONTEXT, comment.public_id, words)
        values |= {"key_id": box.key_id, "data_key_id": box.data_key_id, "blob": box.blob}
    return values


def _open(comment: Comment) -> dict[str, Any]:
    if comment.blob is None:
        raise VaultError(comment.public_id)
    sealed = Sealed(comment.key_id, comment.data_key_id, comment.blob)
    return vault().open(sealed, scope=SITE, context=SEALED_CONTEXT, public_id=comment.public_id)
