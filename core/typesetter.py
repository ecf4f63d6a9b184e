"""The child process that sets one PDF with typst, or binds set parts into one volume; see core/pdf.py and core/volumes.py.

Run as a script and in isolation: it imports nothing of ours, holds no setting and no key, and ends after one document.
A request as JSON on stdin, the file on stdout; it ends when whoever asked does."""

import ctypes
import json
import os
import re
import resource
import signal
import sys
from collections.abc import Mapping
from typing import Any

PR_SET_PDEATHSIG = 1  # Linux: prctl(2)
MEMORY = 1 << 30  # bytes of its own; a part of a list needs 200 MB, a letter far less
NO_FONT = "could not be displayed"  # typst's word for a letter that no font here draws: PDF/UA-1 has no room for it
UNDRAWN = re.compile(rf'the text `"(.*)"` {NO_FONT}', re.DOTALL)
ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")  # how typst spells what is not to be seen
MISSING_GLYPH, WRONG_LENGTH = 3, 4  # exit codes


def main() -> None:
    wanted = json.load(sys.stdin)
    _bound(wanted)
    sys.stdout.buffer.write(bind(wanted) if "parts" in wanted else document(wanted))


def _bound(wanted: Mapping[str, Any]) -> None:
    """No more time or memory than this, after whatever somebody waits for, and not longer than its parent."""
    resource.setrlimit(resource.RLIMIT_CPU, (wanted["seconds"], wanted["seconds"]))
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    os.nice(wanted["nice"])
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != wanted["parent"]:  # it ended before we could ask
            sys.exit(1)


def document(wanted: Mapping[str, Any]) -> bytes:
    """The file; `lenient`: with a box for a letter that no font draws, since nobody shall go without."""
    import typst

    try:
        made = _compile(wanted, wanted["standard"])
    except typst.TypstError as error:
        if NO_FONT not in str(error):
            raise
        if not wanted["lenient"]:
            _say_what_is_missing(str(error))
        made = _compile(wanted, None)  # tagged all the same
    return bytes(made[0] if isinstance(made, list) else made)


def _compile(wanted: Mapping[str, Any], standard: Any) -> Any:
    import typst

    return typst.compile(
        wanted["template"],
        root=wanted["root"],
        font_paths=wanted["fonts"],
        format=wanted["format"],
        ppi=110,
        sys_inputs={"data": json.dumps(wanted["data"])},
        pdf_standards=[standard] if standard else [],
        pdf_tags=wanted["tags"],
        timestamp=0,  # the same content is the same file
    )


def _say_what_is_missing(error: str) -> None:
    found = UNDRAWN.search(error)
    letters = ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), found[1]) if found else "\ufffd"
    sys.stderr.write(" ".join(f"{ord(letter):X}" for letter in letters))
    sys.exit(MISSING_GLYPH)


def bind(wanted: Mapping[str, Any]) -> bytes:
    """The parts one after the other in one file. What an archive's PDF claims of itself held for the parts: it is not kept."""
    import io

    from pypdf import PdfWriter
    from pypdf.generic import BooleanObject, DictionaryObject, NameObject, TextStringObject

    volume = PdfWriter()
    for part, pages in zip(wanted["parts"], wanted["pages"], strict=True):
        before = len(volume.pages)
        volume.append(part, import_outline=False)
        if len(volume.pages) - before != pages:  # every page says how many there are
            sys.exit(WRONG_LENGTH)
    shown = {NameObject("/DisplayDocTitle"): BooleanObject(True)}
    if wanted["rtl"]:
        shown[NameObject("/Direction")] = NameObject("/R2L")  # type: ignore[assignment]
    volume.root_object[NameObject("/Lang")] = TextStringObject(wanted["language"])
    volume.root_object[NameObject("/ViewerPreferences")] = DictionaryObject(shown)
    volume.add_metadata({f"/{name}": value for name, value in wanted["properties"].items()})
    out = io.BytesIO()
    volume.write(out)
    return out.getvalue()


if __name__ == "__main__":
    main()
