"""Commands of keys: rotate them, and copy the keystore to whoever keeps the offline key."""

import json
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import select

from core import clock, rotation
from core.db import db
from core.vault import SITE, ensure_scope
from operations import key_backup, key_rotation, machine_checks
from petitions import services
from petitions.keeping import rotation as petition_keys
from petitions.models import Petition

keys = AppGroup("keys", help="The keystore.")
FILE = click.Path(dir_okay=False, path_type=Path)


@keys.command("rotate")
@click.argument("slug", required=False)
@click.option("--all", "everything", is_flag=True, help="Every petition, and the site.")
@click.option("--site", is_flag=True, help="The site's own: waiting mails, donors, conditions of invalidations.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def rotate(slug: str | None, everything: bool, site: bool, as_json: bool) -> None:
    """Gives a petition or the site a new key, seals everything to it, and destroys the old one. The site may run meanwhile.

    Killed, it goes on by itself: the worker ends what was begun. Backups made before it bring back numbers, not names."""
    if [slug is not None, everything, site].count(True) != 1:
        raise click.UsageError("Say which: the SLUG of a petition, --all, or --site.")
    done = [_rotate(petition) for petition in ([] if site else _petitions(slug))]
    if site or everything:
        done.append(_rotate(None))
    if as_json:
        click.echo(json.dumps({"rotated": done}))
        return
    for one in done:
        click.echo(_sentence(one))
    click.echo("Make a new backup of the database and of the keystore now.")


def _petitions(slug: str | None) -> list[Petition]:
    if slug is None:
        query = select(Petition).where(Petition.erased_at.is_(None)).order_by(Petition.id)
        return [one for one in db.session.scalars(query) if rotation.active(one.scope)]
    try:
        petition = services.get_by_slug(slug)
    except services.PetitionNotFound:
        raise click.UsageError(f"There is no petition {slug}.") from None
    if petition.erased_at is not None or rotation.active(petition.scope) is None:
        raise click.ClickException(f"{slug} has no key any more: it was erased.")
    return [petition]


def _rotate(petition: Petition | None) -> dict[str, str | bool | None]:
    moment, scope = clock.now(), petition.scope if petition else SITE
    name = petition.slug if petition else SITE
    fresh = petition_keys.begin(petition, moment) if petition else True
    if petition is None:
        ensure_scope(SITE)
        rotation.replace(SITE, moment, same_index=False)
    key_rotation.go_on(scope, moment)
    wait = key_rotation.waiting(scope)
    return {"scope": name, "new_index": fresh, "destroyed_after": wait.isoformat() if wait else None}


def _sentence(done: dict[str, str | bool | None]) -> str:
    index = "" if done["new_index"] else " Its index of addresses stays, so that nobody can sign twice."
    if done["destroyed_after"]:
        when = f"{done['destroyed_after']:.16} UTC"
        return f"{done['scope']}: a new key is in use.{index} The worker destroys the old one after {when}."
    return f"{done['scope']}: a new key is in use, the old one is destroyed.{index}"


@keys.command("backup")
@click.option("--to", "recipient", required=True, metavar="AGE-RECIPIENT", help="An age public key, age1…")
@click.argument("file", type=FILE)
def backup(recipient: str, file: Path) -> None:
    """Writes keystore and settings.env to FILE, encrypted so that only the holder of the age key can open it."""
    if not file.parent.is_dir():
        raise click.UsageError(f"There is no folder {file.parent}.")
    settings, moment = current_app.config["UNDERSIGNED"], clock.now()
    try:
        count = key_backup.write(settings, recipient, file)
    except key_backup.RecipientRefused:
        raise click.UsageError(
            "--to takes an age public key, which begins with age1: 'age-keygen' makes one."
        ) from None
    except OSError as error:
        raise click.ClickException(f"No backup was made: {error}") from None
    machine_checks.note_backup(settings, moment, marker=machine_checks.KEYS_MARKER)
    click.echo(
        f"{count} files are in {file}. Keep it apart from the database's backups, and overwrite it within 30 days."
    )
