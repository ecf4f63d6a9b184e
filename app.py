"""Puts the rooms together: settings, extensions, the blueprints of this process's role, error pages, commands."""

import logging
import sys
from urllib.parse import urlsplit

from flask import Flask
from flask_babel import Babel
from flask_migrate import Migrate
from werkzeug.middleware.proxy_fix import ProxyFix

import deliveries.checking.views
import deliveries.clerk.views
import deliveries.commands
import deliveries.jobs
import deliveries.log.views
import deliveries.sampling.views
import donations.books.jobs
import donations.commands
import donations.handlers
import donations.jobs
import donations.models
import donations.moving.models
import donations.moving.views
import donations.own_page.views
import donations.tax.models
import donations.views
import donations.wall.tending
import donations.wall.views
import operations.commands
import operations.doctor
import operations.key_commands
import operations.retention_commands
import operations.retention_run
import organisers.accounts.jobs
import organisers.accounts.models
import organisers.accounts.setup
import organisers.cases.tending
import organisers.commands
import organisers.jobs
import organisers.milestone_jobs
import organisers.moderation.jobs
import organisers.site.models
import organisers.updates.jobs
import organisers.updates.services
import organisers.views
import pages.comment_views
import pages.dev_mail
import pages.feed_views
import pages.report_views
import pages.unsubscribe_views
import pages.views
import petitions.abuse.models
import petitions.blueprint
import petitions.commands
import petitions.counting.page_counts
import petitions.imports.models
import petitions.invitations.models
import petitions.invitations.organisation_views
import petitions.invitations.views
import petitions.jobs
import petitions.models
import petitions.own_page.views
import petitions.paper.models
import petitions.paper.sheet_views
import petitions.retelling
import petitions.signature_views
import petitions.submission_services
import petitions.thanks_views
import petitions.updates.commands
import petitions.updates.jobs
import petitions.updates.models
import petitions.updates.words
import petitions.versions.views
import petitions.views
from config import SettingError, Settings, is_loopback, read_settings
from core import (  # noqa: F401 - models
    audit_checks,
    bounces,
    cache,
    errors,
    group_commit,
    guards,
    health,
    jobs,
    journal,
    limits,
    mail,
    page_counter,
    relay,
    reports,
    switches,
    templating,
    worker,
)
from core.db import db, empty_log
from core.keystore import Keystore
from core.vault import Vault

JOBS = {
    "mail": mail.deliver, **journal.JOBS, **petitions.jobs.JOBS, **donations.jobs.JOBS, **donations.books.jobs.JOBS,
    **organisers.jobs.JOBS, **organisers.milestone_jobs.JOBS, **organisers.accounts.jobs.JOBS, **deliveries.jobs.JOBS,
}  # fmt: skip
TICKS = (
    *petitions.jobs.TICKS, *donations.jobs.TICKS, *donations.books.jobs.TICKS, *donations.wall.tending.TICKS,
    *organisers.jobs.TICKS, *organisers.cases.tending.TICKS, *organisers.moderation.jobs.TICKS,
    *organisers.updates.jobs.TICKS, *deliveries.jobs.TICKS, *operations.retention_run.TICKS,
    worker.Tick(empty_log, every=60.0), worker.Tick(jobs.empty_dead, every=3600.0),
    worker.Tick(audit_checks.check_all, every=600.0),
)  # fmt: skip
PUBLIC = (
    pages.views.pages,
    petitions.blueprint.petitions,
    petitions.versions.views.translated,
    petitions.signature_views.signatures,
    petitions.own_page.views.own_page,
    petitions.invitations.views.invitations,
    donations.views.donations,
    donations.moving.views.moving,
    donations.own_page.views.donor_page,
    deliveries.blueprint.deliveries,
    deliveries.clerk.views.clerk,
)
CHECKS = {**petitions.updates.jobs.CHECKS, **organisers.updates.services.CHECKS, **deliveries.jobs.CHECKS}
TELLERS = {**petitions.retelling.TELLERS, **petitions.updates.words.TELLERS}  # what mails say when they are composed
COMMANDS = (
    petitions.updates.commands.mail,
    donations.commands.donations,
    petitions.commands.petition, petitions.commands.tallies, organisers.commands.organiser, worker.jobs,
    operations.commands.seed, operations.commands.doctor, operations.commands.backup, operations.commands.restore,
    operations.commands.public_rights,
    operations.retention_commands.retention, operations.key_commands.keys,
)  # fmt: skip


def create_app(given: dict[str, str] | None = None) -> Flask:
    """The application for this process's role; `given` replaces the environment (tests)."""
    settings, vault = settle(given)
    app = Flask(__name__)
    app.config.update(flask_config(settings))
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    db.init_app(app)
    Migrate(app, db, render_as_batch=True)
    Babel(app)
    app.extensions["vault"] = vault
    exits = settings.data / "tor-exits.txt"
    app.extensions["limiter"] = limits.make_limiter(settings.redis_url, enabled=settings.limits, tor_exits=exits)
    app.extensions["jobs"] = worker.Worker(JOBS, TICKS)
    app.extensions["mail_checks"], app.extensions["mail_tellers"] = CHECKS, TELLERS
    most = group_commit.MOST if settings.group_commit else 1
    inserting = group_commit.inserting(petitions.submission_services.INSERT)
    app.extensions["submissions"] = group_commit.GroupCommit(inserting, most)
    app.extensions["doctor"] = operations.doctor.examine  # for the office, which stands a floor below
    app.extensions["is_logged"] = deliveries.log.services.is_logged  # for the own page, which stands a floor below
    app.extensions["webhooks"] = group_commit.GroupCommit(donations.handlers.commit, most)
    counter = app.extensions["page_counter"] = make_counter(app)
    guards.init_app(app)
    errors.init_app(app)
    templating.init_app(app)
    register_rooms(app, settings)
    petitions.commands.petition.add_command(deliveries.commands.export)  # what it composes lies a floor above petitions
    for command in COMMANDS:
        app.cli.add_command(command)
    if settings.public and settings.page_cache:
        app.wsgi_app = cache.PageCache(app.wsgi_app, counter=counter)  # type: ignore[method-assign]
    elif settings.public:
        app.wsgi_app = page_counter.Counting(app.wsgi_app, counter)  # type: ignore[method-assign]
    if hops := settings.trusted_proxies:  # outermost: the cache tells hosts apart
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    return app


def settle(given: dict[str, str] | None) -> tuple[Settings, Vault]:
    """Settings and vault; a process that lacks a setting ends with its sentence instead of a traceback."""
    try:
        settings = read_settings(given)
        return settings, make_vault(settings)
    except SettingError as error:
        if given is not None:
            raise
        sys.stderr.write(f"Not started. {error}\n")
        raise SystemExit(2) from None


def register_rooms(app: Flask, settings: Settings) -> None:
    app.register_blueprint(health.health)
    if settings.public:
        for room in PUBLIC:
            app.register_blueprint(room)
    if settings.office:
        organisers.accounts.setup.init_app(app)
        app.register_blueprint(organisers.views.office)
    if settings.loopback and settings.holds_keystore:
        app.register_blueprint(pages.dev_mail.dev_mail)


def make_counter(app: Flask) -> page_counter.PageCounter:
    """Counts the pages that this process hands out; it writes on a thread of its own, outside of any request."""

    def write(sums: page_counter.Counts) -> None:
        with app.app_context():
            petitions.counting.page_counts.write(sums)

    return page_counter.PageCounter(write)


def make_vault(settings: Settings) -> Vault:
    """The vault; a process with a keystore makes the site key where there is none."""
    keystore = Keystore(settings.keystore)
    if settings.holds_keystore:
        keystore.create_site_key()
    public_key = settings.site_public_key or (keystore.site_public_key() if settings.holds_keystore else None)
    if public_key is None:
        raise SettingError("SITE_PUBLIC_KEY is missing: a public server must know whom to trust; 'doctor' prints it.")
    return Vault(keystore, public_key, holds_keystore=settings.holds_keystore)


def flask_config(settings: Settings) -> dict[str, object]:
    """Flask's own settings. Only the office has a session, so SECRET_KEY is the office's."""
    secure = settings.server_url.startswith("https://")
    own_host = settings.role == "office"
    prefix = ("__Host-" if own_host else "__Secure-") if secure else ""
    sandbox = settings.stripe_api_base if is_loopback(settings.stripe_api_base or "") else None
    host = str(urlsplit(settings.server_url).hostname)
    return {
        "UNDERSIGNED": settings,
        "SECRET_KEY": settings.office_secret_key or settings.secret_key,
        "TRUSTED_HOSTS": [host, *(("localhost", "127.0.0.1") if is_loopback(settings.server_url) else ())],
        "SESSION_COOKIE_NAME": f"{prefix}office",
        "SESSION_COOKIE_PATH": "/" if own_host and secure else "/office",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PERMANENT_SESSION_LIFETIME": 12 * 3600,
        "WTF_CSRF_CHECK_DEFAULT": False,
        "WTF_I18N_ENABLED": False,  # our forms say everything in our own words; WTForms would load its catalogue each time
        "SQLALCHEMY_DATABASE_URI": settings.database_url,
        "SQLALCHEMY_ENGINE_OPTIONS": engine_options(settings.database_url),
        "SEND_FILE_MAX_AGE_DEFAULT": 365 * 24 * 3600,  # the stylesheet is named by its content
        "CHECKOUT_ORIGIN": sandbox or "https://checkout.stripe.com",
        "PORTAL_ORIGIN": sandbox or "https://billing.stripe.com",
    }


def engine_options(url: str) -> dict[str, object]:
    # a thread may hold two connections: its session's, and the vault's
    pool: dict[str, object] = {"pool_size": 20, "max_overflow": 10, "pool_timeout": 5}
    if url.startswith("sqlite"):
        return {**pool, "connect_args": {"timeout": 10, "check_same_thread": False}}
    return pool  # no ping before each use: after a restart of the server one request a connection is told to try again
