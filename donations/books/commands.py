"""`flask donations reconcile` and `flask donations export`."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from core import clock
from core.db import db
from core.files import write_whole
from donations.books import exports, fetching, services
from donations.books.formats import FILES
from donations.books.lines import decimal
from donations.stripe_gateway import CheckoutError

DAYS = 7

donations = AppGroup("donations", help="Gifts and their books.")


class Since(click.ParamType[datetime]):
    """A day like 2026-11-01, or a number of days back; at most the 30 days that Stripe keeps events."""

    name = "date or days"

    def convert(self, value: str | datetime, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        now = clock.now()
        try:
            since = now - timedelta(days=int(value)) if value.isdecimal() else datetime.fromisoformat(value)
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither a day like 2026-11-01 nor a number of days.")
        since = since if since.tzinfo else since.replace(tzinfo=UTC)
        if not now - fetching.EVENTS_KEPT - timedelta(hours=1) <= since <= now:
            self.fail("Stripe keeps events for 30 days: choose a day within them.")
        return since


@donations.command("reconcile")
@click.option("--since", type=Since(), default=str(DAYS), show_default="7 days", help="A day, or how many days back.")
@click.option("--json", "as_json", is_flag=True, help="The report as JSON.")
def reconcile(since: datetime, as_json: bool) -> None:
    """Fetches what was missed from Stripe, compares its balance with the gifts here; exit code 1 on any difference."""
    if not current_app.config["UNDERSIGNED"].giving:
        raise click.UsageError("There is no Stripe key: set STRIPE_SECRET_KEY and STRIPE_WEBHOOK_SECRETS.")
    try:
        report = services.reconcile(since)
    except CheckoutError as error:
        click.echo(f"Stripe does not answer ({type(error).__name__}); nothing was compared. Try again later.", err=True)
        raise SystemExit(1) from None
    if as_json:
        click.echo(json.dumps(report.as_dict()))
    else:
        _tell(report)
    raise SystemExit(1 if report.differences else 0)


@donations.command("export")
@click.option("--payout", help="A payout's id, po_…")
@click.option("--month", help="A month, like 2026-11.")
@click.option(
    "--format", "file", type=click.Choice(sorted(FILES)), required=True, help="Lines (csv, xlsx) or the journal."
)
@click.option("--names", is_flag=True, help="With the donors' names; noted in the audit chain.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file to write.")
def export(payout: str | None, month: str | None, file: str, names: bool, out: Path) -> None:
    """Writes the accountant's file of a payout or a month; only its owner can read it."""
    if bool(payout) == bool(month):
        raise click.UsageError("Name either --payout or --month.")
    if not out.parent.is_dir():
        raise click.BadParameter(f"There is no folder {out.parent}.", param_hint="--out")
    try:
        chunks = exports.export(str(payout or month), file, names=names, actor="cli")
    except exports.NoSuchBooks as error:
        click.echo(f"There are no books of {error}. Run `flask donations reconcile` first.", err=True)
        raise SystemExit(1) from None
    db.session.commit()
    write_whole(out, chunks)
    click.echo(f"Written: {out}")


def _tell(report: services.Report) -> None:
    click.echo(
        f"Since {report.since.date().isoformat()}: {report.backfilled} missed events applied, {report.ended} sessions ended."
    )
    for currency, of in report.sums.items():
        shown = {name: decimal(minor, currency) for name, minor in of.as_dict().items()}
        click.echo(
            f"{currency}: gross {shown['gross']} - fees {shown['fees']} - refunds {shown['refunds']}"
            f" - disputes {shown['disputes']} + other {shown['other']} = net {shown['net']}; paid out {-shown['payouts']}"
        )
    for one in report.differences:
        click.echo(one.sentence)
    if not report.differences:
        click.echo("Everything agrees.")
