"""One export, as `flask petition export` makes it; says its seconds and its peak memory as JSON."""

import json
import resource
import sys
import time
from pathlib import Path

from app import create_app
from bench.ground import SLUG
from core.db import db
from core.hands import at_hand
from deliveries import services
from petitions.services import get_public


def peak_megabytes() -> float:
    """The most memory that this program held. Not getrusage: across exec that one remembers the parent's."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    kind, out = sys.argv[1], Path(sys.argv[2])
    with create_app().app_context(), out.open("wb") as file:
        petition, before = get_public(SLUG), peak_megabytes()
        began = time.perf_counter()
        chunks = services.export(petition, kind, actor="bench", hands=at_hand())
        db.session.commit()
        file.writelines(chunks)
        file.flush()
        seconds = time.perf_counter() - began
    others = (
        resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    )  # forked without exec: their own, what is shared too
    peak = max(peak_megabytes(), others)
    print(json.dumps({"seconds": seconds, "megabytes": peak, "grown": peak - before}))


if __name__ == "__main__":
    main()
