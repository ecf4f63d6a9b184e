"""The syntax trees of our own files."""

import ast
import gc
from pathlib import Path


def parsed(path: Path, feature_version: tuple[int, int] | None = None) -> ast.Module:
    """The file's tree; `feature_version`: as so old a Python reads it.

    Before CPython 3.11.8 a collection in the midst of parsing may let another thread parse, and the two share one
    counter of depth: a SystemError (python/cpython#106905)."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        return ast.parse(path.read_text(), feature_version=feature_version)
    finally:
        if collecting:
            gc.enable()
