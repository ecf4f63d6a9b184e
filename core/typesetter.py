"""The child process that sets one PDF with typst: a request as JSON on stdin, the file on stdout; see core/pdf.py.

Run as a script and in isolation: it imports nothing of ours, holds no setting and no key, and ends after one document."""

import json
import resource
import sys

import typst

SECONDS = 20  # of processor time; the parent's patience is for the wall clock


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    wanted = json.load(sys.stdin)
    document = typst.compile(
        wanted["template"],
        root=wanted["root"],
        format=wanted["format"],
        ppi=110,
        sys_inputs={"data": json.dumps(wanted["data"])},
        pdf_standards=["ua-1"] if wanted["format"] == "pdf" else [],
        timestamp=0,  # the same content is the same file
    )
    pages = document if isinstance(document, list) else [document]
    sys.stdout.buffer.write(pages[0])


if __name__ == "__main__":
    main()
