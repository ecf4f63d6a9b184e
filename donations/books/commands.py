"""`flask donations reconcile`, `export` and `journal`."""

import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext

from core import clock
from core.db import db
from core.vault import SITE, ensure_scope
from core.whole_files import write_whole
from donations import stripe_gateway
from donations.books import exports, reconciliation, scope
from donations.books.backfill import STRIPE_KEEPS
from donations.books.reports import as_text

OUT = click.Path(dir_okay=False, path_type=Path)
Command = Callable[..., Any]


@click.command("reconcile")
@click.option("--since", help="A day (2026-11-01) or a number of days; 30 days, as far back as Stripe lists events.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_appcontext
def reconcile(since: str | None, as_json: bool) -> None:
    """Fetches what never arrived, and compares Stripe's balance with ours. Exit code 1 when something differs."""
    if not current_app.config["UNDERSIGNED"].stripe_secret_key:
        raise click.UsageError("STRIPE_SECRET_KEY is not set: there is nothing to compare with.")
    ensure_scope(SITE)
    start = _since(since)
    try:
        report = reconciliation.run(start, actor="cli")
    except stripe_gateway.CheckoutError as error:
        click.echo(
            f"Stripe gives no answer ({type(error).__name__}). What was fetched stays; run this again later.", err=True
        )
        raise SystemExit(1) from None
    if start and start < clock.now() - STRIPE_KEEPS:
        click.echo("Stripe lists events of the last 30 days only; older ones were not fetched.", err=True)
    click.echo(json.dumps(report.as_json(), indent=2) if as_json else as_text(report))
    raise SystemExit(1 if report.differences else 0)


def of_a_scope(command: Command) -> Command:
    """Options that say which movements: a payout's or a month's."""
    for option in (
        click.option("--out", type=OUT, required=True, help="The file; replaced if it is there."),
        click.option("--month", help="A month in UTC: 2026-11."),
        click.option("--payout", help="Stripe's id of a payout, po_…"),
    ):
        command = option(command)
    return command


@click.command("export")
@of_a_scope
@click.option(
    "--format", "format_name", type=click.Choice(sorted(exports.FORMATS)), required=True, help="The file type."
)
@click.option(
    "--names", is_flag=True, help="Name every donor, also those who give anonymously: where the law asks for it."
)
@with_appcontext
def export(payout: str | None, month: str | None, out: Path, format_name: str, names: bool) -> None:
    """Writes a payout's or a month's movements for the accountant, to a file that only its owner can read."""
    ensure_scope(SITE)
    chunks = exports.export(_scope(payout, month, out), format_name, names=names, actor="cli")
    _write(out, chunks)


@click.command("journal")
@of_a_scope
@click.option("--format", "format_name", type=click.Choice(exports.JOURNALS), required=True, help="The file type.")
@with_appcontext
def journal(payout: str | None, month: str | None, out: Path, format_name: str) -> None:
    """Writes a payout's or a month's movements in double entry; ledger is plain text that Beancount reads."""
    _write(out, exports.export_journal(_scope(payout, month, out), format_name, actor="cli"))


def _since(typed: str | None) -> datetime | None:
    if typed is None:
        return None
    if re.fullmatch(r"\d{1,4}", typed, re.ASCII):
        return reconciliation.window(int(typed))
    try:
        return datetime.strptime(typed, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise click.BadParameter("Give a day like 2026-11-01, or a number of days.", param_hint="--since") from None


def _scope(payout: str | None, month: str | None, out: Path) -> scope.Scope:
    if (payout is None) == (month is None):
        raise click.UsageError("Give either --payout or --month.")
    if not out.parent.is_dir():
        raise click.BadParameter(f"There is no folder {out.parent}.", param_hint="--out")
    try:
        return scope.of_payout(payout) if payout is not None else scope.of_month(str(month))
    except scope.PayoutNotFound:
        click.echo(f"No payout {payout} is known here; 'flask donations reconcile' fetches them.", err=True)
        raise SystemExit(1) from None
    except ValueError:
        raise click.BadParameter("Give a month like 2026-11.", param_hint="--month") from None


def _write(out: Path, chunks: Iterable[bytes]) -> None:
    db.session.commit()
    write_whole(out, chunks)
    click.echo(f"Written: {out}")
