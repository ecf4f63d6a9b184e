"""Commands of whoever runs the site. Exit codes: 0 well, 1 found something wrong, 2 used wrongly."""

import json
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext

from config import Settings
from core import clock
from core.db import db
from operations import backup as saving
from operations import demo
from operations import doctor as examining
from operations import public_rights as rights_of_public
from operations import restore as restoring
from operations.machine_checks import note_backup

FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("seed")
@click.option("--demo", is_flag=True, required=True, expose_value=False, help="The demo case and its petition.")
@with_appcontext
def seed() -> None:
    """Writes the demo case; twice changes nothing. Only where SERVER_URL is this machine itself."""
    settings: Settings = current_app.config["UNDERSIGNED"]
    if not settings.loopback:
        raise click.UsageError("The demo case is for SERVER_URL on this machine only: a real site must not show it.")
    demo.seed_demo()
    db.session.commit()
    click.echo("The demo case is there.")


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_appcontext
def doctor(as_json: bool) -> None:
    """Looks the site over: each finding says what to do. Exit code 1 when something has failed; warnings are well."""
    report = examining.examine(current_app.config["UNDERSIGNED"])
    click.echo(json.dumps(report.as_json(), indent=1) if as_json else report.as_text())
    raise SystemExit(1 if report.failed else 0)


@click.command("public-rights")
@click.argument("role")
def public_rights(role: str) -> None:
    """Prints the SQL that gives PostgreSQL's ROLE the rights of the public server, and no others. Pipe it into psql."""
    for statement in rights_of_public.statements(role):
        click.echo(statement)


@click.command("backup")
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@with_appcontext
def backup(file: Path, as_json: bool) -> None:
    """Writes every row, of one moment, to FILE (tar.gz), which either database can restore. The site may run meanwhile."""
    if not file.parent.is_dir():
        raise click.UsageError(f"There is no folder {file.parent}.")
    try:
        counts = saving.write(file)
    except (saving.NothingToSave, OSError) as error:
        raise click.ClickException(f"No backup was made: {error}") from None
    note_backup(current_app.config["UNDERSIGNED"], clock.now())
    if as_json:
        click.echo(json.dumps({"file": str(file), "rows": counts}))
        return
    click.echo(f"{sum(counts.values())} rows of {len(counts)} tables are in {file}.")
    click.echo(
        "Not in it: the keystore and settings.env. Keep a copy of them elsewhere; without the keystore no name opens."
    )


@click.command("restore")
@click.argument("file", type=FILE)
@click.option("--force", is_flag=True, help="Replace the rows of a database that is not empty.")
@with_appcontext
def restore(file: Path, force: bool) -> None:
    """Replaces the database's rows by those of FILE, all or none; who withdrew since stays withdrawn. Stop the site first."""
    if not file.exists():
        raise click.UsageError(f"There is no file {file}.")
    try:
        counts = restoring.restore(file, force=force)
    except restoring.NotEmpty as error:
        raise click.UsageError(str(error)) from None
    except restoring.BackupUnreadable as error:
        raise click.ClickException(str(error)) from None
    click.echo(
        f"{sum(counts.values())} rows of {len(counts)} tables were restored; withdrawals since then were repeated."
    )
