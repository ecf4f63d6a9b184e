"""Files that are there whole, or not at all."""

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path


def write_whole(out: Path, chunks: Iterable[bytes]) -> int:
    """Writes the file beside its place and moves it there when it is whole, mode 0600; gives its size in bytes."""
    descriptor, draft = tempfile.mkstemp(dir=out.parent, prefix=f".{out.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
        Path(draft).replace(out)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return size
