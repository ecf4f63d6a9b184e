"""`make run` on a machine that is not ready: each lack is one sentence that says what to install."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent.parent


def install(folder: Path, python: str, tools: str = "") -> subprocess.CompletedProcess[str]:
    """Runs the installer in an empty folder with a python that behaves as told, and no network use."""
    (folder / "bin").mkdir()
    fake = folder / "bin" / "python3"
    fake.write_text(f'#!/bin/sh\n{python}\nexec {sys.executable} "$@"\n')
    fake.chmod(0o755)
    if tools:
        (folder / "bin" / "uv").write_text(f"#!/bin/sh\n{tools}\n")
        (folder / "bin" / "uv").chmod(0o755)
    (folder / "requirements.txt").write_text("# nothing\n")
    environment = {"PATH": f"{folder / 'bin'}:/usr/bin:/bin", "PYTHON": "python3", "HOME": str(folder)}
    command = ["/bin/sh", str(HERE / "operations" / "install.sh"), "requirements.txt"]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_a_python_that_is_too_old_is_named(tmp_path: Path) -> None:
    old = 'case "$*" in *version_info*) exit 1;; -V) echo Python 3.9.2; exit 0;; esac'
    result = install(tmp_path, old)
    assert result.returncode == 1 and "Python 3.9.2 is too old" in result.stderr
    assert not (tmp_path / ".venv").exists()


def test_a_python_without_ensurepip_names_the_package(tmp_path: Path) -> None:
    result = install(tmp_path, 'case "$*" in *ensurepip*) exit 1;; esac')
    assert result.returncode == 1 and "apt-get install -y python3-venv" in result.stderr
    assert not (tmp_path / ".venv").exists()


def test_no_python_at_all_names_the_packages(tmp_path: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": "python-that-is-absent"}
    command = ["/bin/sh", str(HERE / "operations" / "install.sh"), "requirements.txt"]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert result.returncode == 1 and "apt-get install -y python3" in result.stderr


@pytest.mark.parametrize("tools", ["", "exit 1"], ids=["without uv", "with a uv that fails"])
def test_a_venv_that_is_broken_is_made_anew_by_whatever_works(tmp_path: Path, tools: str) -> None:
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    shutil.copy("/bin/false", tmp_path / ".venv" / "bin" / "python")
    result = install(tmp_path, "", tools)
    assert result.returncode == 0, result.stderr
    assert subprocess.run([tmp_path / ".venv" / "bin" / "python", "-c", "import pip"]).returncode == 0


def test_make_installs_only_when_the_pins_have_changed() -> None:
    """The rule's stamp carries the pins' hash: with it nothing is to be done, with other pins something is."""
    stamp = next(iter((HERE / ".venv").glob(".run-*")), None)
    plan = subprocess.run(["make", "--dry-run", "run"], cwd=HERE, capture_output=True, text=True).stdout
    installs = "operations/install.sh" in plan
    hashed = subprocess.run(["sha256sum", "requirements.txt"], cwd=HERE, capture_output=True, text=True).stdout[:16]
    assert installs == (stamp is None or stamp.name != f".run-{hashed}")
    listed = subprocess.run(["make"], cwd=HERE, capture_output=True, text=True).stdout
    assert all(f"make {target}" in listed for target in ("run", "test", "lint", "format", "bench"))
