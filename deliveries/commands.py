"""`flask petition export`: the same list as in the office, as a file."""

import json
from pathlib import Path

import click
from flask.cli import with_appcontext

from core.db import db
from core.whole_files import write_whole
from deliveries import services
from deliveries.formats import FORMATS
from petitions.services import PetitionNotFound, get_by_slug


@click.command("export")
@click.argument("slug")
@click.option("--format", "format_name", type=click.Choice(sorted(FORMATS)), required=True, help="The file type.")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file; replaced if it is there."
)
@click.option("--json", "as_json", is_flag=True, help="Say what was written as JSON.")
@with_appcontext
def export(slug: str, format_name: str, out: Path, as_json: bool) -> None:
    """Writes the signatures of a petition to a file that only its owner can read."""
    if not out.parent.is_dir():
        raise click.BadParameter(f"There is no folder {out.parent}.", param_hint="--out")
    try:
        petition = get_by_slug(slug)
    except PetitionNotFound:
        click.echo(f"There is no petition {slug}.", err=True)
        raise SystemExit(1) from None
    chunks = services.export(petition, format_name, actor="cli")
    db.session.commit()
    size = write_whole(out, chunks)
    click.echo(json.dumps({"petition": slug, "file": str(out), "bytes": size}) if as_json else f"Written: {out}")
