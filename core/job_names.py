"""Jobs by the row that their name holds: found range by range of the index of names, for a person's own data."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import or_, select, union_all

from core.db import db
from core.jobs import Job

PAST_ITS_COLON = "zz"  # sorts after ':' and whatever follows it, in every collation


def jobs_of(prefixes: Iterable[str], public_ids: Iterable[str]) -> list[Job]:
    """Jobs called `prefix:public_id`, or so with a colon and more behind it, the oldest first.

    `prefixes`: what a job's key says before the id, with an end to it."""
    known = tuple(prefixes)
    found = {job for one in set(public_ids) for job in db.session.scalars(named(known, one))}
    return sorted(found, key=lambda job: job.id)


def named(prefixes: tuple[str, ...], public_id: str) -> Any:
    """The query of these jobs: range by range of the index, no done job is ever deleted, and planners would read them all."""
    ranges = [select(Job.id).where(*called(prefix, public_id)) for prefix in prefixes]
    return select(Job).where(Job.id.in_(union_all(*ranges)))


def called(prefix: str, public_id: str) -> tuple[Any, ...]:
    """The condition on jobs called so, or so with a colon and more behind it."""
    name = f"{prefix}:{public_id}"
    return Job.key >= name, Job.key < name + PAST_ITS_COLON, _begins(name)


def _begins(name: str) -> Any:
    return or_(Job.key == name, Job.key.startswith(f"{name}:", autoescape=True))
