"""`python -m operations.web [FACTORY]`: the web server, granian, behind which a process of its own serves the application."""

import logging
import os
import signal
import sys

from granian import Granian
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels

from config import Settings, read_settings
from core.children import end_with_parent

ADDRESS = "127.0.0.1"  # whoever serves other machines puts nginx in front; see docs/operations.md
THREADS = 15  # each may hold two of the pool's thirty connections
MOST_PROCESSES = 4
HEADERS_WITHIN = 10_000  # milliseconds, headers only: who stalls within a body holds a thread
FINISH_WITHIN = 8  # seconds, less than the supervisor's patience


def serving_processes(settings: Settings) -> int:
    """Without Redis exactly one: limits are counted in its memory. SQLite has one writer and gains nothing from more."""
    shared = settings.redis_url is not None and not settings.database_url.startswith("sqlite")
    return min(os.cpu_count() or 1, MOST_PROCESSES) if shared else 1


def _is_news(record: logging.LogRecord) -> bool:
    """Whom it had to kill is; that THREADS are many for these cores was known when they were measured."""
    return "seems quite high" not in record.getMessage()


def main(factory: str = "serve:web") -> None:
    """Serves what the factory makes until SIGTERM; benchmarks name another one, with the same server around it."""
    settings, parent = read_settings(), os.getpid()

    def in_the_serving_process() -> None:
        """It ends by a signal also while it starts: the handlers that it was born with would swallow it."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        end_with_parent(parent)

    os.register_at_fork(after_in_child=in_the_serving_process)
    logging.getLogger("_granian").addFilter(_is_news)
    Granian(
        factory,
        factory=True,
        interface=Interfaces.WSGI,
        address=ADDRESS,
        port=settings.port,
        http=HTTPModes.http1,
        http1_settings=HTTP1Settings(header_read_timeout=HEADERS_WITHIN),
        websockets=False,
        workers=serving_processes(settings),
        blocking_threads=THREADS,
        backlog=2048,
        respawn_failed_workers=True,
        workers_kill_timeout=FINISH_WITHIN,
        log_level=LogLevels.warning,
    ).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
