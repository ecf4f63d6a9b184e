"""Who has signed a petition in the last day, as the worker saw it: by network, by mail domain, and all together.

A crowd is told by what its people have in common. Many behind one address or of one domain are a hall or a union; the same
names, the same shape of address, addresses that nobody ever confirms are one person. It lives in the worker's memory as hashes
and counts, and is read again from what is stored after a start."""

import time
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from core import clock
from core.db import db
from core.mailboxes.canonical import tagged
from core.mailboxes.mail_domains import domain_of
from petitions.abuse.likeness import is_own, name_key
from petitions.models import Petition, Signature, Submission
from petitions.persons import UNREADABLE, opener
from petitions.states import SubmissionState

DAY = timedelta(hours=24)
MOST_READ = 20_000  # rows after a start
MOST_KEPT = 100_000  # rows of a petition; more a day, and its crowd is that of the last hours
LATE_IDS = 1_000  # a transaction with a lower id may have ended later
LOOKED_AT = 5.0  # seconds between two looks at what other workers took
TIME_TO_CONFIRM = timedelta(hours=6)
LAST = 400  # rows of a group whose confirmations are looked at


@dataclass(frozen=True, slots=True)
class Seen:
    """What is kept of one submission."""

    id: int
    at: datetime
    name: int
    shape: tuple[int, bool]
    tagged: bool
    foreign: bool
    groups: tuple[str, ...]


@dataclass
class Group:
    """Rows with something in common, and what else they share."""

    names: Counter[int] = field(default_factory=Counter)
    shapes: Counter[tuple[int, bool]] = field(default_factory=Counter)
    last: deque[tuple[datetime, int]] = field(default_factory=lambda: deque(maxlen=LAST))
    size: int = 0
    tags: int = 0
    strangers: int = 0
    _unconfirmed: tuple[float, float] = (0.0, 0.0)

    def count(self, seen: Seen, step: int) -> None:
        self.size += step
        self.tags += step * seen.tagged
        self.strangers += step * seen.foreign
        _step(self.names, seen.name, step)
        _step(self.shapes, seen.shape, step)

    def shares(self) -> dict[str, float]:
        """Parts of the group: whose name stood there before, with the commonest shape, with a tag, foreign to their name."""
        return {
            "names": 1 - len(self.names) / self.size,
            "shape": max(self.shapes.values()) / self.size,
            "tags": self.tags / self.size,
            "strangers": self.strangers / self.size,
            "unconfirmed": self._never_confirmed(),
        }

    def _never_confirmed(self) -> float:
        """The part of the rows of hours ago that nobody confirmed; 0 while they are too few to tell. Asked once a minute."""
        until, share = self._unconfirmed
        if until > time.monotonic():
            return share
        old = [row for at, row in self.last if at < clock.now() - TIME_TO_CONFIRM]
        share = 0.0
        if len(old) >= 50:
            mine = (Submission.id.in_(old), Submission.state == SubmissionState.CONFIRMED)
            confirmed = db.session.scalar(select(func.count()).select_from(Submission).where(*mine)) or 0
            share = 1 - confirmed / len(old)
        self._unconfirmed = (time.monotonic() + 60, share)
        return share


@dataclass
class Crowd:
    """One petition's last day."""

    rows: deque[Seen] = field(default_factory=deque)
    groups: dict[str, Group] = field(default_factory=dict)
    ids: set[int] = field(default_factory=set)
    looked_at: float = 0.0

    def note(self, submission: Submission, person: Mapping[str, Any]) -> Seen:
        """Counts a submission once, however often it is judged; what is kept of it."""
        seen = look(submission, person)
        if seen.id not in self.ids:
            self.ids.add(seen.id)
            self.rows.append(seen)
            for key in seen.groups:
                group = self.groups.setdefault(key, Group())
                group.count(seen, 1)
                group.last.append((seen.at, seen.id))
        return seen

    def drop_old(self) -> None:
        since = clock.now() - DAY
        while self.rows and (self.rows[0].at < since or len(self.rows) > MOST_KEPT):
            gone = self.rows.popleft()
            self.ids.discard(gone.id)
            for key in gone.groups:
                self.groups[key].count(gone, -1)
                if not self.groups[key].size:
                    del self.groups[key]

    def catch_up(self, petition: Petition) -> None:
        """Reads what another worker judged, or this one before it was started."""
        if self.looked_at + LOOKED_AT > time.monotonic():
            return
        self.looked_at = time.monotonic()
        day = (Submission.petition_id == petition.id, Submission.received_at > clock.now() - DAY)
        judged = Submission.state.not_in((SubmissionState.RECEIVED, SubmissionState.DISCARDED))
        later = (judged, Submission.id > max(self.ids, default=0) - LATE_IDS)
        own = Submission.import_id.is_(None)  # a file that was taken in is no crowd
        ids = db.session.scalars(
            select(Submission.id).where(*day, *later, own).order_by(Submission.id.desc()).limit(MOST_READ)
        )
        missing = sorted(set(ids) - self.ids)
        for start in range(0, len(missing), 500):
            self._read(petition, missing[start : start + 500])

    def _read(self, petition: Petition, ids: list[int]) -> None:
        blob = func.coalesce(Submission.blob, Signature.blob)  # confirmed: the signature has it now
        joined = select(Submission, blob).outerjoin(Signature, Signature.public_id == Submission.public_id)
        open_row = opener(petition)
        for submission, sealed in db.session.execute(joined.where(Submission.id.in_(ids)).order_by(Submission.id)):
            with suppress(*UNREADABLE):
                key_ids = (submission.key_id, submission.data_key_id)
                self.note(submission, open_row(*key_ids, sealed or b"", submission.public_id))


def look(submission: Submission, person: Mapping[str, Any]) -> Seen:
    """What is kept of a submission: hashes that mean nothing after the process has ended."""
    email = person["email"]
    local = email.rpartition("@")[0]
    groups = ["all", f"domain:{domain_of(email)}"]
    if submission.bucket:
        groups.append(f"bucket:{submission.bucket}")
    return Seen(
        id=submission.id,
        at=submission.received_at,
        name=hash(name_key(person["name"])),
        shape=(len(local), any(map(str.isdigit, local))),
        tagged=tagged(email),
        foreign=is_own(person["name"], email) is False,
        groups=tuple(groups),
    )


def _step(counter: Counter[Any], key: Any, step: int) -> None:
    counter[key] += step
    if not counter[key]:
        del counter[key]
