"""What belongs together runs in one worker: xdist says nothing where it spreads a group over several."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.together import TOGETHER

HERE = Path(__file__).parent.parent
KEEPS = """
import os
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range(6))
def test_keeps(number):
    with Path(os.environ["KEPT"]).open("a") as kept:
        kept.write(f"{Path(__file__).name} {os.environ['PYTEST_XDIST_WORKER']}\\n")
"""


DIES = """
import os, signal
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range(20))
def test_dies(number):
    with Path(os.environ["KEPT"]).open("a") as kept:
        kept.write(f"{number}\\n")
    if number == 12:
        os.kill(os.getpid(), signal.SIGKILL)
"""


def run(folder: Path, files: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Two workers; what the tests keep of themselves is in `kept`."""
    for name, source in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE), "KEPT": str(folder / "kept")}
    options = ("-p", "tests.together", "-n", "2", "--dist", "loadgroup", "--import-mode=importlib", "-q")
    command = [sys.executable, "-m", "pytest", *options, *files]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)


def test_a_group_has_one_worker_and_the_others_have_all(tmp_path: Path) -> None:
    files = ("tests/processes/test_first.py", "tests/processes/test_second.py", "tests/core/test_single.py")
    ended = run(tmp_path, dict.fromkeys(files, KEEPS))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    workers: dict[str, set[str]] = {}
    for line in (tmp_path / "kept").read_text().splitlines():
        name, worker = line.split()
        workers.setdefault(name, set()).add(worker)
    assert len(workers["test_first.py"] | workers["test_second.py"]) == 1
    assert len(set.union(*workers.values())) == 2


@pytest.mark.parametrize("file", ["tests/core/test_deadly.py", "tests/processes/test_deadly.py"])
def test_the_run_goes_on_without_the_test_that_killed_its_worker(tmp_path: Path, file: str) -> None:
    ended = run(tmp_path, {file: DIES})
    assert f"crashed while running '{file}::test_dies[12]'" in ended.stdout, ended.stdout + ended.stderr
    assert "1 failed, 19 passed" in ended.stdout
    assert sorted((tmp_path / "kept").read_text().split(), key=int) == [str(number) for number in range(20)]


@pytest.mark.parametrize("start", TOGETHER)
def test_a_group_names_what_there_is(start: str) -> None:
    assert (HERE / start).exists()
