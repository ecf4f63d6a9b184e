"""What a site needs before its processes start, and what whoever started it is told once it answers."""

from collections.abc import Iterator

from flask_migrate import upgrade
from sqlalchemy import select

from config import Settings
from core import clock, tables
from core.db import db
from core.health import MIGRATIONS
from core.vault import SITE, ensure_scope
from operations import demo
from organisers import services as organisers
from organisers.models import Organiser
from petitions import services as petitions
from petitions.deadlines import DRAFTS

DEMO_ORGANISER = "organiser@example.org"


def prepare(settings: Settings) -> None:
    """Brings the schema and the keys up to this code; on loopback also the demo case and its organiser. Commits.

    A public server does none of this: it holds no keys and has no right to change tables; whoever holds the keys does."""
    if not settings.holds_keystore:
        return
    upgrade(str(MIGRATIONS))
    ensure_scope(SITE)
    if settings.loopback:
        demo.seed_demo()  # first: a new data key is committed on a connection of its own, which no other write may hold up
    petitions.record_all_consent()
    tables.sweep(settings.drafts_folder, clock.now() - DRAFTS)
    if settings.loopback:
        organisers.ensure_organiser(DEMO_ORGANISER)
    db.session.commit()
    db.session.remove()
    db.engine.dispose()  # the supervisor holds no connection while the site runs


def announcement(settings: Settings, sandbox: str | None) -> Iterator[str]:
    """The lines that `make run` prints; the login link is made anew. Commits."""
    yield f"Site: {settings.server_url}"
    if settings.loopback and settings.holds_keystore:
        yield f"Mail: {settings.server_url}/dev/mail"
    if sandbox:
        yield f"Stripe sandbox: {sandbox}"
    if settings.loopback and settings.office:
        organiser = organisers.ensure_organiser(DEMO_ORGANISER)
        link = organisers.make_login_link(organiser)
        db.session.commit()
        yield f"Organiser: {DEMO_ORGANISER}"
        yield f"Login: {link}"
    elif settings.office and db.session.scalar(select(Organiser.id).limit(1)) is None:
        yield "There is no organiser yet. Make one: .venv/bin/flask --app app organiser create EMAIL"
