"""A petition's Atom feed: that its text has changed, and each checkpoint of its public log, so that many hold a copy."""

from dataclasses import dataclass
from datetime import datetime

from flask import Response, current_app, make_response, render_template, url_for
from flask_babel import gettext as _

from core.guards import cacheable
from deliveries.log import services as public_log
from deliveries.log import words
from deliveries.log.models import LogCheckpoint
from petitions.blueprint import petitions
from petitions.models import Petition
from petitions.services import get_public
from petitions.versions import services as versions
from petitions.versions.models import PetitionVersion

NEWEST = 50


@dataclass(frozen=True)
class Entry:
    """`name` tells it for good from the feed's others; `text`: to be read as it stands, say a signed note."""

    name: str
    title: str
    path: str
    moment: datetime
    text: str = ""


@petitions.get("/<slug>/updates.atom")
def feed(slug: str) -> Response:
    petition = get_public(slug)
    entries = [_change(petition, version) for version in versions.list_of(petition)]
    entries += [_checkpoint(petition, signed) for signed in public_log.newest(petition, NEWEST)]
    entries.sort(key=lambda entry: (entry.moment, entry.name), reverse=True)
    server = current_app.config["UNDERSIGNED"].server_url
    made = render_template("feeds/petition.xml", petition=petition, entries=entries[:NEWEST], server=server)
    answer = make_response(made)
    answer.mimetype = "application/atom+xml"
    return cacheable(answer)


def _change(petition: Petition, version: PetitionVersion) -> Entry:
    title = _("The petition was published") if version.number == 1 else _("The petition's text was changed")
    path = url_for("petitions.version_list", slug=petition.slug)
    return Entry(f"version-{version.number}", title, path, version.since)


def _checkpoint(petition: Petition, signed: LogCheckpoint) -> Entry:
    path = url_for("deliveries.petition_checkpoint", slug=petition.slug, size=signed.size)
    if not signed.note:
        title, text = _("A checkpoint of the public log was lost"), words.lost(signed.size)
        return Entry(f"lost-{signed.size}", title, path, signed.created_at, text)
    title = _("Checkpoint of the public log: %(size)s entries", size=signed.size)
    return Entry(f"checkpoint-{signed.size}", title, path, signed.created_at, signed.note)
