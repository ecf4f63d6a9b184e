"""What the tests look through is installed, or named: a look that always finds would leave browser tests out unsaid."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "operations" / "programs.sh"
KINDS = ("pages in a browser", "spreadsheets in LibreOffice", "PDFs")


def look(folder: Path, *there: str) -> str:
    """What the script says to an ordinary user of a machine with these programs and no other."""
    for name, does in {"id": "echo 1000", "fc-list": "echo Noto Sans CJK", **dict.fromkeys(there, ":")}.items():
        (folder / name).write_text(f"#!/bin/sh\n{does}\n")
        (folder / name).chmod(0o755)
    for name in ("cat", "grep"):
        (folder / name).symlink_to(shutil.which(name) or "")
    return subprocess.run(
        ["/bin/sh", SCRIPT], env={**os.environ, "PATH": str(folder)}, capture_output=True, text=True, check=True
    ).stderr


def test_whatever_is_missing_is_named(tmp_path: Path) -> None:
    said = look(tmp_path)
    assert [kind for kind in KINDS if f"The tests of {kind} cannot run here" in said] == list(KINDS)


@pytest.mark.parametrize("browser", ["chromium", "chromium-headless-shell"])
def test_where_all_is_there_nothing_is_said(tmp_path: Path, browser: str) -> None:
    assert look(tmp_path, browser, "soffice", "pdftotext") == ""
