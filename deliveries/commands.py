"""`flask petition export`: the whole list as a file, for whoever runs the site; organisers ask for a delivery instead."""

import json
import os
import pwd
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from core.db import db
from core.hands import at_hand
from core.pdf import MissingGlyph
from core.vault import VaultKey, vault
from core.volumes import RowsChanged
from core.whole_files import write_whole
from deliveries import services
from deliveries.documents import exporting
from deliveries.formats import FORMATS, TooManyRows
from petitions.list_services import counts, listed
from petitions.models import Petition
from petitions.services import PetitionNotFound, get_by_slug

PDF = "pdf"  # of no table writer: it is several files where the list is long


@click.command("export")
@click.argument("slug")
@click.option(
    "--format", "format_name", type=click.Choice(sorted((*FORMATS, PDF))), required=True, help="The file type."
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file; replaced if it is there."
)
@click.option("--json", "as_json", is_flag=True, help="Say what was written as JSON.")
@with_appcontext
def export(slug: str, format_name: str, out: Path, as_json: bool) -> None:
    """Writes the signatures of a petition to a file that only its owner can read.

    It needs the keystore; who wrote what goes into the audit chain."""
    if not out.parent.is_dir():
        raise click.BadParameter(f"There is no folder {out.parent}.", param_hint="--out")
    try:
        petition = get_by_slug(slug)
    except PetitionNotFound:
        _refuse(f"There is no petition {slug}.")
    _need_keys(petition)
    if sys.stdin.isatty():
        lines = listed(petition)
        click.confirm(f"{out} will hold the names of {lines} people, in clear. Write it?", abort=True, err=True)
    if format_name == PDF:
        written = _write_pdf(petition, out)
        told = {"petition": slug, "files": [str(path) for path in written]}
        click.echo(json.dumps(told) if as_json else f"Written: {', '.join(map(str, written))}")
        return
    chunks = _recorded(petition, format_name)
    db.session.commit()
    size = write_whole(out, chunks)
    click.echo(json.dumps({"petition": slug, "file": str(out), "bytes": size}) if as_json else f"Written: {out}")


def _write_pdf(petition: Petition, out: Path) -> list[Path]:
    """Ends with a sentence where the list cannot be set."""
    found = counts(petition)
    services.record(petition, PDF, found, actor=_actor())
    db.session.commit()
    try:
        return exporting.write(petition, found.listed, out)
    except MissingGlyph as error:
        _refuse(error.advice)
    except RowsChanged:
        _refuse("Somebody signed or left while the list was made: make it again.")


def _recorded(petition: Petition, format_name: str) -> Iterator[bytes]:
    try:
        return services.export(petition, format_name, actor=_actor(), hands=at_hand())
    except TooManyRows as error:
        _refuse(f"{error}. Take another --format.")


def _need_keys(petition: Petition) -> None:
    """A public server has none; a data folder that lost its keystore has made a new site key, and lacks the others."""
    if not vault().holds_keystore:
        _refuse(
            "A public server holds no keystore and can open no signature. Run this where the office or the worker runs."
        )
    keys = db.session.scalars(select(VaultKey.id).where(VaultKey.scope == petition.scope)).all()
    if not any(vault().keystore.holds(key) for key in keys):
        folder = vault().keystore.folder
        _refuse(
            f"The keys of {petition.slug} are not in {folder}: its signatures cannot be opened. Put the keystore back."
        )


def _actor() -> str:
    """Who runs the command, as the operating system knows it; a variable of the environment could say anybody."""
    try:
        return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"cli:{os.getuid()}"


def _refuse(sentence: str) -> NoReturn:
    click.echo(sentence, err=True)
    raise SystemExit(1)
