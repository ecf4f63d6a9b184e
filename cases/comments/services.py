"""Comments as the public meets them: written, read once approved, taken back by their writers."""

import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update

from cases import veil
from cases.comments.models import Comment, CommentKind, CommentState
from cases.models import Case
from cases.services import is_shown
from core import clock, journal
from core.db import RowNotFound, db
from core.jobs import WISH
from core.tokens import digest, new_secret
from core.vault import SITE, vault

SEALED_CONTEXT = "undersigned/comment/v1"
WITHDRAWN = "comment-withdrawn"  # act of the journal
NOTHING = {"name": None, "text": None, "country": None, "reply": "", "blob": None, "key_id": "", "data_key_id": ""}


class CommentNotFound(RowNotFound):
    """No comment of this number or link, or none that is shown."""


@dataclass(frozen=True)
class Shown:
    """What everybody may read of a comment; '' where nothing was said."""

    id: int
    kind: CommentKind
    name: str
    text: str
    country: str
    reply: str


def write(
    case: Case, *, kind: CommentKind, name: str, email: str, text: str, country: str, trapped: bool = False
) -> str:
    """Keeps what somebody wrote, sealed until an organiser approves it; gives the secret of the link that takes it back.

    The caller has prepared the vault for SITE."""
    public_id, secret = secrets.token_urlsafe(16), new_secret()
    words = {"name": name, "email": email, "text": text, "country": country}
    box = vault().seal(SITE, SEALED_CONTEXT, public_id, words)
    comment = Comment(
        public_id=public_id, case_id=case.id, kind=kind, trapped=trapped, withdraw_digest=digest(secret),
        key_id=box.key_id, data_key_id=box.data_key_id, blob=box.blob,
    )  # fmt: skip
    db.session.add(comment)
    db.session.flush()
    return secret


def shown(case: Case, *, limit: int, before: int | None = None) -> list[Shown]:
    """A case's approved comments, the newest first; those before an id where one is given."""
    query = select(Comment).where(*_approved(case)).order_by(Comment.id.desc()).limit(limit)
    if before is not None:
        query = query.where(Comment.id < before)
    return [show(comment) for comment in db.session.scalars(query)]


def solidarity(case: Case, *, limit: int) -> list[Shown]:
    """A case's approved messages to the people held, the newest first."""
    mine = (*_approved(case), Comment.kind == CommentKind.SOLIDARITY)
    query = select(Comment).where(*mine).order_by(Comment.id.desc()).limit(limit)
    return [show(comment) for comment in db.session.scalars(query)]


def count(case: Case) -> int:
    """How many comments of the case are shown."""
    return db.session.scalar(select(func.count()).select_from(Comment).where(*_approved(case))) or 0


def get_shown(comment_id: int) -> Comment:
    """A comment that is shown now, in a case that is. Raises CommentNotFound."""
    comment = db.session.get(Comment, comment_id)
    if comment is None or comment.state != CommentState.APPROVED or not is_shown(comment.case):
        raise CommentNotFound(str(comment_id))
    return comment


def of_secret(secret: str) -> Comment:
    """The comment that a writer's link belongs to. Raises CommentNotFound."""
    comment = db.session.scalar(select(Comment).where(Comment.withdraw_digest == digest(secret)))
    if comment is None:
        raise CommentNotFound
    return comment


def withdraw(comment: Comment) -> None:
    """Empties the comment for good, whatever an organiser has said of it; twice does no harm."""
    if _empty(comment.public_id):
        journal.promise(WITHDRAWN, comment.public_id, priority=WISH)
    db.session.expire(comment)


def replay(act: str, public_id: str) -> None:
    """Repeats a journalled withdrawal after an old backup was restored; other acts do nothing."""
    if act == WITHDRAWN:
        _empty(public_id)


def show(comment: Comment) -> Shown:
    """An approved comment as everybody may read it; in a blurred case it names nobody held."""
    text, reply = (veil.shown(comment.case, words) for words in (comment.text or "", comment.reply))
    name = veil.signed(comment.case, comment.name or "")
    return Shown(comment.id, comment.kind, name, text, comment.country or "", reply)


def _empty(public_id: str) -> bool:
    standing = (Comment.public_id == public_id, Comment.state != CommentState.WITHDRAWN)
    emptied = update(Comment).where(*standing).values(state=CommentState.WITHDRAWN, judged_at=clock.now(), **NOTHING)
    return db.session.execute(emptied.returning(Comment.id)).scalar() is not None


def _approved(case: Case) -> tuple[Any, ...]:
    return Comment.case_id == case.id, Comment.state == CommentState.APPROVED
