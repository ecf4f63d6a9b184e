"""A petition's list as `flask petition export` writes it: the only way to a list without a delivery."""

import tempfile
from pathlib import Path

from click.testing import Result
from flask import Flask

from deliveries.commands import export


def run(app: Flask, *args: str) -> Result:
    return app.test_cli_runner().invoke(export, list(args))


def exported(app: Flask, slug: str, kind: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "list"
        done = run(app, slug, "--format", kind, "--out", str(out))
        assert done.exit_code == 0, done.output
        return out.read_bytes()
