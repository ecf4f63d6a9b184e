"""Acts that must outlive a backup: promised in the transaction that acts, appended beside the keystore by the worker.

`operations.replay` repeats them after an old backup was restored."""

import secrets
from collections.abc import Mapping
from typing import Any

from core.jobs import NORMAL, Job, enqueue
from core.vault import vault

KIND = "journal"
BEFORE = "petitions.journal"  # the kind's name until schema 0002; such jobs may still wait
AT_ONCE = 1000  # lines a job


def promise(act: str, *ids: str, priority: int = NORMAL) -> None:
    """Promises lines of an act on opaque ids, in the order promised: of acts that undo each other the last line counts.

    `priority`: the same for all of them; WISH where somebody may do and undo without end."""
    for start in range(0, len(ids), AT_ONCE):
        some = list(ids[start : start + AT_ONCE])
        name = f"journal:{act}:{some[0]}:{secrets.token_hex(8)}"  # whoever asks for their data is shown their own
        enqueue(KIND, {"act": act, "ids": some}, key=name, priority=priority)


def append(args: Mapping[str, Any]) -> None:
    """Writes the lines that a job's arguments ask for; one that stands there twice does no harm."""
    for public_id in args.get("ids") or [args["public_id"]]:
        vault().keystore.write_journal(args["act"], public_id)


def write(job: Job) -> None:
    append(job.args)


JOBS = {KIND: write, BEFORE: write}
