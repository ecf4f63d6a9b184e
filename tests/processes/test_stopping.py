"""Ctrl-C, SIGTERM at any moment, and a supervisor that is killed: everything ends, and nothing is left."""

import signal
import subprocess
import sys

import psutil
import pytest

from tests.processes.conftest import HERE, RunningSite, Start, until


def test_ctrl_c_ends_a_running_site_cleanly(start: Start) -> None:
    site = start().ready()
    assert site.find("operations.web") and site.find("jobs", "work") and site.find("-m", "sandbox")
    site.send(signal.SIGINT)
    assert site.ends(10) == 0
    assert "Traceback" not in site.output and "killed" not in site.output


def state(site: RunningSite) -> tuple[int, bool]:
    """How far a start has come: processes so far, and whether granian has forked its own worker."""
    return len(site.family()), len(site.find("operations.web")) > 1


MOMENTS = {
    "python has begun": lambda site: site.process.poll() is None,
    "secrets are written": lambda site: (site.data / "settings.env").exists(),
    "the database is there": lambda site: (site.data / "undersigned.sqlite3").exists(),
    "the first child": lambda site: state(site)[0] >= 1,
    "all children": lambda site: state(site)[0] >= 3,
    "granian has forked": lambda site: state(site)[1],
    "the sandbox listens": lambda site: "Sandbox listens" in site.output,
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_sigterm_during_the_start_leaves_nothing(start: Start, moment: str) -> None:
    """granian once hung on SIGTERM during its start: its own child had inherited a handler that swallowed it."""
    site = start()
    until(lambda: MOMENTS[moment](site), moment)
    site.send(signal.SIGTERM)
    code = site.ends(20)
    assert code == 0 or (code == -signal.SIGTERM and moment == "python has begun"), site.output
    for word in ("Killing", "killed", "Traceback"):  # granian's after 8 seconds, ours after 10
        assert word not in site.output


def test_what_is_killed_takes_its_own_processes_with_it(start: Start) -> None:
    """First granian: its orphan would keep the port and answer beside its successor. Then the supervisor."""
    site = start().ready()
    before = site.find("operations.web")
    assert len(before) == 2
    before[0].kill()
    _, alive = psutil.wait_procs(before, timeout=10)
    assert not alive
    until(lambda: len(site.find("operations.web")) == 2, "granian is back")
    family = site.family()
    assert len(family) >= 4
    site.send(signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=15)
    assert not alive


DRIVER = """
import sys, time
from operations import processes
from operations.processes import Child, Site, hold_signals
hold_signals()
processes.GRACE = {grace}
children = [Child(name, [sys.executable, "-c", code]) for name, code in {children!r}.items()]
sys.exit(Site(children, {{}}, {folder!r}).run(lambda: True, lambda: print("ready", flush=True)))
"""
SLEEPS = "import time; print('sleeps', flush=True); time.sleep(600)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('sleeps', flush=True); time.sleep(600)"
)


def drive(children: dict[str, str], grace: float = 10.0) -> subprocess.Popen[str]:
    code = DRIVER.format(grace=grace, children=children, folder=str(HERE))
    return subprocess.Popen([sys.executable, "-c", code], cwd=HERE, stdout=subprocess.PIPE, text=True)


def test_a_process_that_keeps_dying_ends_the_others_with_a_sentence() -> None:
    driver = drive({"steady": SLEEPS, "failing": "raise SystemExit(3)"})
    until(lambda: psutil.Process(driver.pid).children(), "the steady one runs")
    steady = psutil.Process(driver.pid).children()[0]
    output, _ = driver.communicate(timeout=30)
    assert driver.returncode == 1
    assert "The failing process ended (exit code 3); starting it again." in output
    assert output.count("failing process ended") == 5 and output.endswith("The site stops.\n")
    assert not steady.is_running()


def test_a_process_that_will_not_end_is_killed_with_a_sentence() -> None:
    driver = drive({"stubborn": STUBBORN}, grace=0.5)
    assert driver.stdout is not None
    heard = {driver.stdout.readline().strip() for _ in range(2)}
    assert heard == {"ready", "sleeps"}
    (child,) = psutil.Process(driver.pid).children()
    driver.send_signal(signal.SIGTERM)
    output, _ = driver.communicate(timeout=20)
    assert driver.returncode == 0 and "The stubborn process did not end" in output
    assert not child.is_running()
