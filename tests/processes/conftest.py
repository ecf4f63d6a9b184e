"""Real sites: `serve.py` as `make run` starts it, on free ports, each with its own data folder."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest
import requests

HERE = Path(__file__).parent.parent.parent
LINES = ("Site", "Mail", "Stripe sandbox", "Organiser", "Login")
PETITION = "osce-release-almaty-activists"
SLOWEST = 60.0  # seconds: on a machine that other tests keep busy
WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
PORTS = iter(range(20_000 + 1_000 * (WORKER % 12), 21_000 + 1_000 * (WORKER % 12), 2))
Value = TypeVar("Value")


def until(look: Callable[[], Value], what: str, seconds: float = SLOWEST) -> Value:
    """What `look` gives, as soon as it is true; fails when it is not true in time."""
    end = time.monotonic() + seconds
    while True:
        value = look()
        if value:
            return value
        if time.monotonic() > end:
            pytest.fail(f"not within {seconds:.0f} seconds: {what}")
        time.sleep(0.02)


def free_port() -> int:
    """A port that is free and whose next one is free too: of this worker's own, below those that the system hands out, so that
    no other test is given it before the site binds it."""
    for port in PORTS:
        with socket.socket() as first, socket.socket() as second, contextlib.suppress(OSError):
            first.bind(("127.0.0.1", port))
            second.bind(("127.0.0.1", port + 1))
            return port
    raise AssertionError("no port is free")


@dataclass
class RunningSite:
    """One `serve.py`, its lines and its processes."""

    data: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    lines: list[str] = field(default_factory=list)
    started: float = 0.0

    def start(self) -> "RunningSite":
        wanted = {"UNDERSIGNED_DATA": str(self.data), "PORT": str(self.port), **self.settings}
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "serve.py"], cwd=HERE, env={**kept, **wanted}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        self.lines = []
        threading.Thread(target=self._read, args=(self.process.stdout, self.lines), daemon=True).start()
        self.root = psutil.Process(self.process.pid)
        return self

    @staticmethod
    def _read(stream: Any, lines: list[str]) -> None:
        lines.extend(iter(stream.readline, ""))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        return "".join(self.lines)

    def told(self) -> dict[str, str]:
        """What the site has printed, by the word before the colon."""
        return dict(line.strip().split(": ", 1) for line in list(self.lines) if ": " in line)

    def ready(self) -> "RunningSite":
        return self.ready_to("Login")

    def ready_to(self, last: str) -> "RunningSite":
        """Waits for the last line of the announcement."""
        until(lambda: last in self.told() or self.process.poll() is not None, "the site is ready")
        assert self.process.poll() is None, self.output
        return self

    def family(self) -> list[psutil.Process]:
        """Every process below the supervisor."""
        try:
            return list(self.root.children(recursive=True))
        except psutil.NoSuchProcess:
            return []

    def find(self, *words: str) -> list[psutil.Process]:
        """The living processes with these words among their arguments, the supervisor's own children first."""
        found = []
        for process in self.family():
            with contextlib.suppress(psutil.NoSuchProcess):
                if set(words) <= set(process.cmdline()):
                    found.append(process)
        return found

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def ends(self, seconds: float = 20.0) -> int:
        """The exit code, once it and all that it started have ended."""
        family = self.family()
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"did not end within {seconds} seconds:\n{self.output}")
        _, alive = psutil.wait_procs(family, timeout=5)
        assert not alive, f"left behind: {alive}"
        return code

    def stop(self) -> None:
        """Whatever the test came to: nothing is left running."""
        if self.process.poll() is None:
            self.send(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        for process in [*self.family(), self.root]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.process.wait()

    def token(self) -> str:
        page = requests.get(f"{self.url}/petitions/{PETITION}", timeout=20).text
        found = re.search(r'name="token"[^>]*value="([^"]+)"', page) or re.search(
            r'value="([^"]+)"[^>]*name="token"', page
        )
        assert found, "no form token on the page"
        return found[1]

    def sign(self, address: str, token: str) -> requests.Response:
        fields = {"name": "Ada Example", "email": address, "country": "IE", "visibility": "recipients", "token": token}
        return requests.post(
            f"{self.url}/petitions/{PETITION}/sign",
            data=fields,
            allow_redirects=False,
            timeout=20,
            headers={"Connection": "close"},
        )


Start = Callable[..., RunningSite]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts sites, and ends whatever the test leaves running."""
    made: list[RunningSite] = []

    def begin(**settings: str) -> RunningSite:
        site = RunningSite(tmp_path / "data", settings)
        made.append(site)
        return site.start()

    yield begin
    for site in made:
        site.stop()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests keep both cores busy: one worker runs them, one after the other."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.processes)
