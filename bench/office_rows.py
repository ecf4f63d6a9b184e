"""What stands beside a million signatures in a campaign that went well: gifts, a held queue, what nobody confirmed, finished
jobs, a long audit chain, page counts. Rows as the site writes them, put in without the way through the door."""

import itertools
import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, update

from bench.ground import SLUG, Site
from bench.million_rows import rows, submission, write
from cases.comments import services as comments
from cases.comments.models import Comment, CommentKind, CommentState
from cases.models import Case
from core import audit, clock, reports
from core.audit import AuditEntry, AuditHead
from core.db import db
from core.jobs import Job
from core.reports import ReportReason
from core.vault import SITE, vault
from donations.models import Donation, Frequency, Payment, PaymentStatus, SessionState, Tribute
from petitions.abuse import invalidation_services
from petitions.abuse.models import Invalidation
from petitions.counting import page_counts
from petitions.counting.models import PageCount
from petitions.models import Petition, Submission
from petitions.services import get_public
from petitions.states import HeldReason, SubmissionState

AT_ONCE = 10_000
PARTS = {  # one for so many signatures
    "gifts": 20, "held": 50, "expired": 5, "waiting": 20, "audited": 10, "jobs": 1, "comments": 100,
}  # fmt: skip
DAYS = 400


def fill(site: Site, million: int) -> None:
    """Everything; committed."""
    with site.app.app_context():
        petition = get_public(SLUG)
        vault().prepare(petition.scope)
        for state, part in (("held", "held"), ("expired", "expired"), ("mailed", "waiting")):
            _in_parts(Submission, _submissions(petition, million // PARTS[part], SubmissionState(state)))
        _in_parts(Job, _jobs(million // PARTS["jobs"]))
        _gifts(petition.case, petition.gift_source, million // PARTS["gifts"])
        _in_parts(PageCount, _page_counts(petition))
        _chain(million // PARTS["audited"])
        _comments(petition.case, million // PARTS["comments"])
        vault().prepare(SITE)
        made = invalidation_services.prepare(petition, {"country": "XX"}, actor="bench")
        same = {column.name: getattr(made, column.name) for column in Invalidation.__table__.columns}
        alike = ({**same, "id": made.id + number, "public_id": secrets.token_hex(8)} for number in range(1, 200))
        db.session.execute(insert(Invalidation), list(alike))
        db.session.commit()


def _in_parts(table: Any, made: Iterator[dict[str, Any]]) -> None:
    while chunk := list(itertools.islice(made, AT_ONCE)):
        write(table, chunk)
        db.session.commit()


def _submissions(petition: Petition, many: int, state: SubmissionState) -> Iterator[dict[str, Any]]:
    held = {"held_reason": HeldReason.WAVE, "held_at": clock.now(), "cluster_id": "c1c1c1c1"}
    none: dict[str, Any] = dict.fromkeys(held)
    for number, row in enumerate(rows(petition, many)):
        index = {"email_index": None if state == SubmissionState.EXPIRED else number.to_bytes(32)}
        kept = {"blob": None if state == SubmissionState.EXPIRED else row["blob"]}
        yield {**submission(row, state), **(held if state == SubmissionState.HELD else none), **index, **kept}


def _jobs(many: int) -> Iterator[dict[str, Any]]:
    """Jobs that are done: none is ever deleted."""
    moment = clock.now() - timedelta(days=1)
    args: Any = "{}" if db.engine.dialect.name == "postgresql" else {}  # COPY takes JSON as text
    for number in range(many):
        yield {
            "public_id": secrets.token_hex(8), "kind": "mail", "key": f"mail:bench:{number}", "args": args, "state": "done",
            "priority": 11, "attempts": 1, "run_at": moment, "created_at": moment, "finished_at": moment,
        }  # fmt: skip


def _gifts(case: Case, source: str, many: int) -> None:
    first = clock.now() - timedelta(days=60)
    for start in range(0, many, AT_ONCE):
        numbers = range(start + 1, min(start + AT_ONCE, many) + 1)
        db.session.execute(insert(Donation), [
            {
                "id": number, "public_id": secrets.token_urlsafe(16), "case_id": case.id, "amount": 2500, "currency": "EUR",
                "frequency": Frequency.ONCE, "tribute": Tribute.NONE, "source": source if number % 3 else None,
                "key_id": "k", "data_key_id": "d", "blob": b"x" * 256, "session_state": SessionState.COMPLETE,
                "session_id": f"cs_test_{number}", "created_at": first + timedelta(minutes=number),
            }
            for number in numbers
        ])  # fmt: skip
        db.session.execute(insert(Payment), [
            {
                "stripe_id": f"pi_{number}", "donation_id": number, "case_id": case.id, "amount": 2500, "currency": "EUR",
                "status": PaymentStatus.PAID if number % 10 else PaymentStatus.FAILED,
                "paid_at": first + timedelta(minutes=number) if number % 10 else None,
            }
            for number in numbers
        ])  # fmt: skip
        db.session.commit()


def _comments(case: Case, many: int) -> None:
    """Half of them judged, half held and sealed; one in a hundred of those that are shown was reported."""
    vault().prepare(SITE)
    for _comment in range(many):
        comments.write(
            case, kind=CommentKind.COMMENT, name="Ada", email="ada@example.org", text="Free them.", country="IE"
        )
    shown = {"state": CommentState.APPROVED, "name": "Ada", "text": "Free them.", "country": "IE"}
    db.session.execute(update(Comment).where(Comment.id % 2 == 0).values(shown))
    for comment_id in db.session.scalars(select(Comment.id).where(Comment.id % 200 == 0)).all():
        reports.file(f"comment:{comment_id}", reason=ReportReason.OTHER, text="Read it.", bucket=str(comment_id))
    db.session.commit()


def _page_counts(petition: Petition) -> Iterator[dict[str, Any]]:
    today = clock.now().date()
    for what, back, source in itertools.product(
        (page_counts.SEEN, page_counts.SIGNED), range(DAYS), ("other", "shared")
    ):
        day = today - timedelta(days=back)
        yield {"petition_id": petition.id, "what": what, "source": source, "day": day, "number": 1000}


def _chain(many: int) -> None:
    """A chain that holds, with its head."""
    head, moment = db.session.get(AuditHead, 1), clock.now()
    previous, entries = (head.digest, head.entries) if head else (audit.GENESIS, 0)
    for start in range(0, many, AT_ONCE):
        made = []
        for number in range(start, min(start + AT_ONCE, many)):
            entry = AuditEntry(
                at=moment, actor="bench", act="bench.act", subject=str(number), detail={}, previous=previous
            )
            entry.digest = previous = audit.digest_of(entry)
            made.append(entry)
        db.session.add_all(made)
        db.session.commit()
    db.session.merge(AuditHead(id=1, digest=previous, entries=entries + many))
    db.session.commit()
