"""Tor's exit addresses, from a file that a timer may renew while the site runs; without the file nobody is known to use Tor."""

import logging
import time
from pathlib import Path

log = logging.getLogger(__name__)
LOOKED_AT = 5.0  # seconds between two looks at the file's time


class TorExits:
    """The addresses of a file, one a line; a line may be a comment (#) or of Tor's own list, `ExitAddress ADDRESS …`."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._addresses: frozenset[str] = frozenset()
        self._stamp: tuple[int, int] | None = None
        self._next_look = 0.0

    def __contains__(self, address: str) -> bool:
        if self.path is not None and time.monotonic() >= self._next_look:
            self._next_look = time.monotonic() + LOOKED_AT
            self._look(self.path)
        return address.removeprefix("::ffff:") in self._addresses

    def _look(self, path: Path) -> None:
        """Reads the file again where it has changed; one that cannot be read leaves what was known."""
        try:
            found = path.stat()
            if (found.st_mtime_ns, found.st_size) != self._stamp:
                self._addresses = frozenset(filter(None, map(_address, path.read_text(errors="replace").splitlines())))
                self._stamp = (found.st_mtime_ns, found.st_size)
        except FileNotFoundError:
            self._addresses, self._stamp = frozenset(), None
        except OSError as error:
            log.warning("the list of Tor's exits cannot be read: %s", type(error).__name__)


def _address(line: str) -> str:
    words = line.removeprefix("ExitAddress").split()
    return words[0].lower() if words and not words[0].startswith("#") else ""
