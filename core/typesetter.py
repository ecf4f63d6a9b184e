"""The child process that sets one PDF with typst: a request as JSON on stdin, the file on stdout; see core/pdf.py.

Run as a script and in isolation: it imports nothing of ours, holds no setting and no key, and ends after one document."""

import json
import resource
import sys
from collections.abc import Mapping
from typing import Any

import typst

SECONDS = 20  # of processor time; the parent's patience is for the wall clock
NO_FONT = "could not be displayed"  # typst's word for a letter that no font here draws: PDF/UA-1 has no room for it


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    wanted = json.load(sys.stdin)
    try:
        document = _compile(wanted, accessible=wanted["format"] == "pdf")
    except typst.TypstError as error:
        if NO_FONT not in str(error):
            raise
        document = _compile(
            wanted, accessible=False
        )  # tagged all the same, with a box for the letter: nobody goes without
    pages = document if isinstance(document, list) else [document]
    sys.stdout.buffer.write(pages[0])


def _compile(wanted: Mapping[str, Any], *, accessible: bool) -> Any:
    return typst.compile(
        wanted["template"],
        root=wanted["root"],
        format=wanted["format"],
        ppi=110,
        sys_inputs={"data": json.dumps(wanted["data"])},
        pdf_standards=["ua-1"] if accessible else [],
        timestamp=0,  # the same content is the same file
    )


if __name__ == "__main__":
    main()
