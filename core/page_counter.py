"""Pages counted as they are handed out, without knowing to whom: numbers in this process's memory, and now and then one
write of what they came to (ADR 0029). Nothing of a request is kept; what a killed process had not written is lost."""

import logging
import re
import threading
from collections.abc import Callable, Hashable, Mapping
from typing import Any

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from core.db import trace

log = logging.getLogger(__name__)

COUNTED = "undersigned.counted"  # in a request's environ: what its page counts as
EVERY = 5.0  # seconds
MACHINES = re.compile(  # "http": a browser has no address in its name; a Cubot is a telephone
    r"(?<!cu)bot|crawl|spider|slurp|preview|fetch|monitor|scan|headless|lighthouse|facebookexternal|whatsapp|embed"
    r"|curl|wget|python|java/|okhttp|go-http|http",
    re.ASCII | re.IGNORECASE,
)
MOST_AGENTS = 1024
MOST_SUBJECTS = 4096

Counts = Mapping[Hashable, int]


class PageCounter:
    """Adds up deliveries by subject; `write` is given the sums, some seconds after the first of them."""

    def __init__(self, write: Callable[[Counts], None], every: float = EVERY) -> None:
        self.write = write
        self.every = every
        self._counts: dict[Hashable, int] = {}
        self._people: dict[str, bool] = {}
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def delivered(self, environ: Mapping[str, Any], subject: Hashable) -> None:
        """Counts a page that went to somebody: no program that names itself, no page that a browser fetched ahead."""
        if environ["REQUEST_METHOD"] != "GET" or "HTTP_SEC_PURPOSE" in environ:
            return
        agent = environ.get("HTTP_USER_AGENT", "")
        person = self._people.get(agent)
        if self._look(agent) if person is None else person:
            self.add(subject)

    def add(self, subject: Hashable) -> None:
        """One more. Two threads at once may make one of it: the numbers are about right, and waiting would cost more."""
        counts = self._counts
        if subject in counts:
            counts[subject] += 1
        elif len(counts) < MOST_SUBJECTS:
            counts[subject] = 1
        if self._timer is None:
            self._wind()

    def flush(self) -> None:
        """Writes what has come together; while the database is away it is kept for the next time."""
        with self._lock:
            self._unwind()
            taken, self._counts = self._counts, {}
        if not taken:
            return
        try:
            self.write(taken)
        except IntegrityError:
            log.warning("page counts were dropped: what they count is not there any more")
        except SQLAlchemyError as error:
            log.warning("page counts were not written this time\n%s", trace(error))
            for subject, number in taken.items():
                self._counts[subject] = self._counts.get(subject, 0) + number
            self._wind()

    def drop(self) -> None:
        """Forgets what was not written."""
        with self._lock:
            self._unwind()
            self._counts = {}

    def _look(self, agent: str) -> bool:
        if len(self._people) >= MOST_AGENTS:
            self._people.clear()
        self._people[agent] = person = bool(agent) and not MACHINES.search(agent)
        return person

    def _wind(self) -> None:
        with self._lock:
            if self._timer is None:
                self._timer = threading.Timer(self.every, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def _unwind(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None


class Counting:
    """WSGI middleware for a site without a page cache, which else does this."""

    def __init__(self, app: Callable[..., Any], counter: PageCounter) -> None:
        self.app = app
        self.counter = counter

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        answer = self.app(environ, start_response)
        if COUNTED in environ:
            self.counter.delivered(environ, environ[COUNTED])
        return answer
