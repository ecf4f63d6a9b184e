"""Commands of retention. Exit codes: 0 well, 1 something could not be done, 2 used wrongly."""

import json
from datetime import UTC, datetime

import click
from flask.cli import AppGroup

from core import clock
from operations import retention_run

retention = AppGroup("retention", help="What is deleted, and when.")


class Moment(click.ParamType[datetime, str]):
    """A date (its first minute in UTC) or a moment, in ISO 8601."""

    name = "date"

    def convert(self, value: str, param: click.Parameter | None, context: click.Context | None) -> datetime:
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value} is no date: write one like 2027-05-06, or 2027-05-06T12:00.", param, context)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


@retention.command("run")
@click.option("--now", "moment", type=Moment(), help="As if it were this day: what would be deleted then goes at once.")
@click.option(
    "--rewrite", is_flag=True, help="PostgreSQL: write the tables anew afterwards; they are locked meanwhile."
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def run(moment: datetime | None, rewrite: bool, as_json: bool) -> None:
    """Deletes the personal data whose time is over. The worker does so every day by itself."""
    report = retention_run.run(moment or clock.now())
    if rewrite:
        retention_run.rewrite()
    if as_json:
        click.echo(json.dumps({"emptied": dict(report.emptied), "stopped": report.stopped}))
    else:
        lines = [f"{count} {kind}" for kind, count in sorted(report.emptied.items())]
        click.echo("Emptied: " + (", ".join(lines) or "nothing, all is within its time") + ".")
        for slug in report.stopped:
            click.echo(f"Left as it was: {slug}, because its key is not in the keystore. Run 'flask --app app doctor'.")
    raise SystemExit(1 if report.stopped else 0)
