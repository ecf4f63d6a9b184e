"""PDF by typst: a template of ours, and data that never becomes code, since it travels as JSON and is shown as text.

Each document is set in a process of its own, one at a time, so that memory and time are bounded and no key is near."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)
CHILD = Path(__file__).with_name("typesetter.py")
TEMPLATES = Path(__file__).parent.parent / "templates" / "sheets"
PATIENCE = 15.0  # seconds, both for one's turn and for the document
_turn = threading.Lock()


class TypesettingFailed(Exception):
    """The document could not be set; the log says why, without quoting its text."""


class TypesettingBusy(Exception):
    """Another document is being set, and it takes too long to wait for."""


def typeset(template: str, data: Mapping[str, Any], *, file_format: str = "pdf") -> bytes:
    """The tagged PDF of a template with this data: PDF/UA-1, unless it has letters that no font here draws.

    Raises TypesettingBusy, TypesettingFailed."""
    wanted = {
        "template": str(TEMPLATES / template), "root": str(TEMPLATES), "data": dict(data), "format": file_format,
    }  # fmt: skip
    if not _turn.acquire(timeout=PATIENCE):
        raise TypesettingBusy(template)
    try:
        child = subprocess.run(
            [sys.executable, "-I", str(CHILD)], input=json.dumps(wanted).encode(),
            capture_output=True, timeout=PATIENCE, env={},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        log.error("%s was not set within %s seconds", template, PATIENCE)
        raise TypesettingFailed(template) from None
    finally:
        _turn.release()
    if child.returncode:
        log.error("%s was not set: %s", template, child.stderr.decode(errors="replace").strip().splitlines()[-1:])
        raise TypesettingFailed(template)
    return child.stdout
