"""The leases of what this process is at: renewed while it works, so that work may take longer than one lease."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_at_work: dict[object, Callable[[], None]] = {}
_heart = threading.Lock()
_beating: list[threading.Thread] = []


@contextmanager
def kept(renew: Callable[[], None], every: float) -> Iterator[None]:
    """While the block runs `renew` is called now and then, on a thread of its own; `every`: seconds, of whoever comes first."""
    mark = object()
    with _heart:
        _at_work[mark] = renew
        if not _beating:
            _beating.append(threading.Thread(target=_beat, args=(every,), name="leases", daemon=True))
            _beating[0].start()
    try:
        yield
    finally:
        with _heart:
            _at_work.pop(mark)


def renew_all() -> None:
    """Renews whatever is held now."""
    with _heart:
        renewals = list(_at_work.values())
    for renew in renewals:
        renew()


def _beat(every: float) -> None:
    while True:
        time.sleep(every)
        renew_all()
