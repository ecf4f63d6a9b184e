"""The mails that lie as files where no mail server is set: named by the moment and the job that wrote them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from core import clock

STAMP = "%Y%m%dT%H%M%S%f"


def remove_older(folder: Path, moment: datetime) -> int:
    """Removes mails written before this moment, by the hour as signatures are, and drafts of that age; how many mails."""
    old = [path for path in _files(folder) if (written := _written_at(path)) and clock.to_hour(written) <= moment]
    for path in old:
        path.unlink(missing_ok=True)
    return sum(path.suffix == ".eml" for path in old)


def remove_of(folder: Path, job_ids: set[str]) -> None:
    """Removes the mails of these jobs, by their public ids."""
    for path in _files(folder):
        if _job_of(path) in job_ids:
            path.unlink(missing_ok=True)


def job_ids(folder: Path) -> list[str]:
    """The public ids of the jobs that wrote what lies here."""
    return [_job_of(path) for path in _files(folder)]


def _files(folder: Path) -> Iterator[Path]:
    for pattern in ("*.eml", "*.draft"):
        yield from folder.glob(pattern)


def _job_of(path: Path) -> str:
    return path.stem.partition("-")[2]


def _written_at(path: Path) -> datetime | None:
    try:
        return datetime.strptime(path.stem.partition("-")[0], STAMP).replace(tzinfo=UTC)
    except ValueError:  # not ours
        return None
