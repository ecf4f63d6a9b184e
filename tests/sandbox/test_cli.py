"""Stripe's own command line drives the sandbox: each of its triggers makes its event happen.

It comes from npm, pinned, into the virtual environment. Without npm these tests are skipped with a loud reason; where CI=true
they fail."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

VERSION = "1.52.0"
FOLDER = Path(sys.prefix) / f"stripe-cli-{VERSION}"
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

pytestmark = pytest.mark.xdist_group("stripe-cli")  # one worker: it is installed once


@pytest.fixture(scope="session")
def stripe_cli() -> Path:
    """The program, installed on first use."""
    program = FOLDER / "node_modules" / ".bin" / "stripe"
    if not program.exists():
        _install()
    return program


def _install() -> None:
    npm = shutil.which("npm")
    if npm is None:
        _go_without("there is no npm: apt-get install -y npm")
    FOLDER.mkdir(parents=True, exist_ok=True)
    options = ("--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock")
    ended = subprocess.run(
        [npm, "install", "--prefix", str(FOLDER), *options, f"@stripe/cli@{VERSION}"],
        cwd=FOLDER, capture_output=True, text=True, timeout=PATIENCE,
    )  # fmt: skip
    if ended.returncode:
        _go_without(f"npm could not fetch @stripe/cli {VERSION}: {ended.stderr[-500:]}")


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
