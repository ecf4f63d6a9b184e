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


def test_a_group_has_one_worker_and_the_others_have_all(tmp_path: Path) -> None:
    files = ("tests/processes/test_first.py", "tests/processes/test_second.py", "tests/core/test_single.py")
    for name in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(KEEPS)
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(HERE), "KEPT": str(tmp_path / "kept")}
    options = ("-p", "tests.together", "-n", "2", "--dist", "loadgroup", "--import-mode=importlib", "-q")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *files],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    workers: dict[str, set[str]] = {}
    for line in (tmp_path / "kept").read_text().splitlines():
        name, worker = line.split()
        workers.setdefault(name, set()).add(worker)
    assert len(workers["test_first.py"] | workers["test_second.py"]) == 1
    assert len(set.union(*workers.values())) == 2


@pytest.mark.parametrize("start", TOGETHER)
def test_a_group_names_what_there_is(start: str) -> None:
    assert (HERE / start).exists()
