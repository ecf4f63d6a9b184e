"""PDF by typst: a template of ours, and data that never becomes code, since it travels as JSON and is shown as text.

Each document is set in a process of its own, so that memory and time are bounded and no key is near; what somebody waits for
is set one at a time."""

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core import fonts
from core.typesetter import MISSING_GLYPH

log = logging.getLogger(__name__)
CHILD = Path(__file__).with_name("typesetter.py")
TEMPLATES = Path(__file__).parent.parent / "templates" / "sheets"
PATIENCE = 15.0  # seconds, both for one's turn and for the document
SECONDS = 20  # of processor time; patience is for the wall clock
ACCESSIBLE = "ua-1"
_turn = threading.Lock()


class TypesettingFailed(Exception):
    """The document could not be set; the log says why, without quoting its text."""


class MissingGlyph(TypesettingFailed):
    """No font here draws some letter of the document, which may not go out with a box instead. `advice` says what to do."""

    def __init__(self, letters: str) -> None:
        super().__init__(" ".join(f"U+{ord(letter):04X}" for letter in letters))
        self.letters = letters

    @property
    def advice(self) -> str:
        return fonts.advice(self.letters)


class TypesettingBusy(Exception):
    """Another document is being set, and it takes too long to wait for."""


def typeset(template: str, data: Mapping[str, Any], *, file_format: str = "pdf", lenient: bool = True) -> bytes:
    """The tagged PDF of a template with this data: PDF/UA-1, unless it has letters that no font here draws, and is `lenient`.

    Raises TypesettingBusy, TypesettingFailed, MissingGlyph."""
    standard = ACCESSIBLE if file_format == "pdf" else None
    wanted = setting(template, data, file_format=file_format, standard=standard, lenient=lenient)
    if not _turn.acquire(timeout=PATIENCE):
        raise TypesettingBusy(template)
    try:
        return in_child(wanted, template, seconds=SECONDS, patience=PATIENCE)
    finally:
        _turn.release()


def setting(
    template: str, data: Mapping[str, Any], *, file_format: str = "pdf", standard: str | None, lenient: bool = False,
    tags: bool = True,
) -> dict[str, Any]:  # fmt: skip
    """The request to set a template with this data."""
    return {
        "template": str(TEMPLATES / template), "root": str(TEMPLATES), "data": dict(data), "format": file_format,
        "fonts": [str(fonts.FOLDER)], "standard": standard, "lenient": lenient, "tags": tags,
    }  # fmt: skip


def in_child(wanted: Mapping[str, Any], name: str, *, seconds: int, patience: float, nice: int = 0) -> bytes:
    """What a process of its own makes of a request; it is killed when it takes too long, or when whoever waits is stopped.

    Raises TypesettingFailed, MissingGlyph."""
    bounds = {"seconds": seconds, "nice": nice, "parent": os.getpid()}
    try:
        child = subprocess.run(
            [sys.executable, "-I", str(CHILD)], input=json.dumps({**wanted, **bounds}).encode(),
            capture_output=True, timeout=patience, env={},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        log.error("%s was not set within %s seconds", name, patience)
        raise TypesettingFailed(name) from None
    if child.returncode == MISSING_GLYPH:
        raise MissingGlyph("".join(chr(int(code, 16)) for code in child.stderr.decode().split()))
    if child.returncode:
        log.error("%s was not set: %s", name, child.stderr.decode(errors="replace").strip().splitlines()[-1:])
        raise TypesettingFailed(name)
    return child.stdout
