"""Commands of petitions."""

import json

import click
from flask.cli import AppGroup

from core.db import db
from petitions.counting import recounts

petition = AppGroup("petition", help="Petitions and their signatures.")
tallies = AppGroup("tallies", help="The numbers that pages show.")


@tallies.command("recount")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def recount(as_json: bool) -> None:
    """Counts every signature afresh, repairs the tallies; exit code 1 when one had drifted."""
    drifts = recounts.run(actor="cli")
    db.session.commit()
    if as_json:
        click.echo(json.dumps({"drift": drifts}))
    else:
        click.echo(
            "\n".join(f"Petition {key}: off by {value}, repaired" for key, value in drifts.items())
            or "All tallies were right."
        )
    raise SystemExit(1 if drifts else 0)
