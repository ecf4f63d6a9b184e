"""The processes of one site: starts them, starts again what died, ends them together; none outlives who started it."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.children import end_with_parent

STOPPING = {signal.SIGINT, signal.SIGTERM}
WATCHED = STOPPING | {signal.SIGCHLD}
GRACE = 10.0
YOUNG = 3.0
PAUSES = (0.0, 0.2, 0.5, 1.0, 2.0)


class KeepsDying(Exception):
    """A process died young too often in a row; starting it again would not help."""


def say(sentence: str) -> None:
    """One line for the person at the terminal, or for the program that reads it, at once."""
    print(sentence, flush=True)


def hold_signals() -> None:
    """Keeps signals waiting until `Site.run` or `asked_to_stop` looks: no step of a start is cut in the middle."""
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)


def asked_to_stop() -> bool:
    return bool(signal.sigpending() & STOPPING)


@dataclass
class Child:
    """One process and, when it is down, the moment at which it is due again."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    born: float = 0.0
    due: float = 0.0
    died_young: int = 0

    def start(self, environment: Mapping[str, str], folder: Path) -> None:
        parent = os.getpid()

        def in_the_child() -> None:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
            end_with_parent(parent)

        self.born = time.monotonic()
        self.process = subprocess.Popen(  # a session of its own: Ctrl-C reaches the supervisor only
            self.command, env=dict(environment), cwd=folder, start_new_session=True, preexec_fn=in_the_child
        )

    def bury(self) -> str | None:
        """Notices a death: clears what the process left and sets when to start it again; a sentence about it, or None.

        Raises KeepsDying. SIGKILL comes from outside and says nothing about the process, so it never counts."""
        if self.process is None or (code := self.process.poll()) is None:
            return None
        self.kill_group()
        self.process = None
        lived = time.monotonic() - self.born
        self.died_young = self.died_young + 1 if lived < YOUNG and code != -signal.SIGKILL else 0
        if self.died_young >= len(PAUSES):
            raise KeepsDying(
                f"The {self.name} process ended {self.died_young} times within seconds of its start; see above why."
            )
        self.due = time.monotonic() + PAUSES[self.died_young]
        return f"The {self.name} process ended ({_reason(code)}); starting it again."

    def kill_group(self) -> None:
        """What a process started goes with it: a server's own worker, killed from above, would keep the port."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)


@dataclass
class Site:
    children: list[Child]
    environment: Mapping[str, str]
    folder: Path

    def run(self, ready: Callable[[], bool], announce: Callable[[], None]) -> int:
        """Runs until a signal ends it (0) or a process that keeps dying does (1); announces once when ready."""
        announced = False
        try:
            while not asked_to_stop():
                self._start_due()
                if not announced and ready():
                    announce()
                    announced = True
                idle = announced and all(child.process for child in self.children)
                received = signal.sigtimedwait(WATCHED, 60.0 if idle else 0.1)
                if received is not None and received.si_signo in STOPPING:
                    break
            return 0
        except KeepsDying as error:
            say(f"{error} The site stops.")
            return 1
        finally:
            self.end()

    def _start_due(self) -> None:
        for child in self.children:
            if sentence := child.bury():
                say(sentence)
            if child.process is None and child.due <= time.monotonic():
                child.start(self.environment, self.folder)

    def end(self) -> None:
        """SIGTERM to all, ten seconds to finish what is in hand, then SIGKILL."""
        running = [child for child in self.children if child.process is not None]
        for child in running:
            child.process.terminate()  # type: ignore[union-attr]
        deadline = time.monotonic() + GRACE
        for child in running:
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))  # type: ignore[union-attr]
            except subprocess.TimeoutExpired:
                say(
                    f"The {child.name} process did not end within {GRACE:.0f} seconds and was killed; "
                    "what it had not finished is taken up again at the next start."
                )
            child.kill_group()
            child.process.wait()  # type: ignore[union-attr]


def _reason(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
