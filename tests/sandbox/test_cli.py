"""Stripe's own command line drives the sandbox: each of its triggers makes its event happen.

It comes from npm, pinned, into the virtual environment. Without npm these tests are skipped with a loud reason; where CI=true
they fail."""

import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import pytest

VERSION = "1.52.0"
FOLDER = Path(sys.prefix) / f"stripe-cli-{VERSION}-whole"
PATIENCE = 120  # seconds

TRIGGERS = (
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.failed",
    "charge.refund.updated",
    "charge.refunded",
    "checkout.session.async_payment_failed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.completed",
    "checkout.session.expired",
    "customer.subscription.created",
    "customer.subscription.deleted",
    "customer.subscription.updated",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_succeeded",
    "payment_intent.payment_failed",
    "payment_intent.succeeded",
)


@pytest.fixture(scope="session")
def stripe_cli() -> Path:
    """The program, installed on first use."""
    program = FOLDER / "node_modules" / ".bin" / "stripe"
    if not program.exists():
        _install()
    return program


def _install() -> None:
    """Beside its place, and there only when it is whole: a run that is ended half-way leaves nothing that looks installed."""
    npm = shutil.which("npm")
    if npm is None:
        _go_without("there is no npm: apt-get install -y npm")
    options = ("--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock")
    with tempfile.TemporaryDirectory(prefix=f"{FOLDER.name}-", dir=FOLDER.parent) as beside:
        made = Path(beside) / "made"
        made.mkdir()
        ended = subprocess.run(
            [npm, "install", "--prefix", str(made), *options, f"@stripe/cli@{VERSION}"],
            cwd=made, capture_output=True, text=True, timeout=PATIENCE,
        )  # fmt: skip
        if ended.returncode:
            _go_without(f"npm could not fetch @stripe/cli {VERSION}: {ended.stderr[-500:]}")
        with suppress(OSError):  # another run was first: its own is whole
            made.rename(FOLDER)


def _go_without(reason: str) -> NoReturn:
    message = f"STRIPE'S COMMAND LINE DOES NOT RUN: {reason}"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_the_official_command_line_makes_its_event_happen(bench, stripe_cli, tmp_path, trigger):
    ended = subprocess.run(
        [stripe_cli, "trigger", trigger, "--api-base", bench.url, "--api-key", "sk_test_12345"],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "STRIPE_CLI_TELEMETRY_OPTOUT": "1"},
        capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    bench.deliver()
    assert trigger in bench.receiver.types()
