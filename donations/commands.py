"""`flask donations`: what is done with gifts by hand or by cron."""

import json
import sys
from dataclasses import replace

import click
from flask import current_app
from flask.cli import AppGroup

import stripe_keys
from config import Settings
from core import switches
from core.db import db
from donations import connect as connecting
from donations.books import commands as books
from donations.stripe_gateway import CheckoutError, StripeRefused, StripeUnwilling

donations = AppGroup("donations", help="Gifts, and the books about them.")
donations.add_command(books.reconcile)
donations.add_command(books.export)
donations.add_command(books.journal)


@donations.command("connect")
@click.option("--check", "only_check", is_flag=True, help="Change nothing; exit code 1 where something is amiss.")
@click.option("--key-stdin", is_flag=True, help="Read the API key from standard input, before the site has a secret.")
@click.option("--json", "as_json", is_flag=True, help="Say it as JSON.")
def connect(only_check: bool, key_stdin: bool, as_json: bool) -> None:
    """Tells Stripe where this site's events go, in which version, and what its customer portal offers."""
    settings = _settings(key_stdin=key_stdin)
    url = f"{settings.server_url}/stripe/webhook"
    try:
        if only_check:
            found = connecting.check(url)
        else:
            found = connecting.connect(url, f"{settings.server_url}/donations/manage")
            switches.turn(actor="cli", portal=found.portal)
            db.session.commit()
    except CheckoutError as error:
        why = (
            f"Stripe refuses: {error}"
            if isinstance(error, StripeRefused | StripeUnwilling)
            else "Stripe does not answer; try again later."
        )
        click.echo(why, err=True)
        raise SystemExit(1) from None
    told = {
        "url": url,
        "endpoint": found.endpoint,
        "portal": found.portal,
        "secret": found.secret,
        "wrong": found.wrong,
    }
    click.echo(json.dumps(told) if as_json else _words(found, url))
    raise SystemExit(1 if found.wrong else 0)


def _settings(*, key_stdin: bool) -> Settings:
    """The site's settings. No site starts with a key and without a webhook secret, and the first secret comes of `connect`."""
    settings: Settings = current_app.config["UNDERSIGNED"]
    if key_stdin:
        key = sys.stdin.readline().strip()
        settings = replace(settings, stripe_secret_key=key)
        current_app.config["UNDERSIGNED"] = settings
    if not stripe_keys.KEY.fullmatch(settings.stripe_secret_key or ""):
        raise click.UsageError(
            "There is no secret key of Stripe's: set STRIPE_SECRET_KEY, or give it with --key-stdin."
        )
    return settings


def _words(found: connecting.Connection, url: str) -> str:
    lines = [f"Events of Stripe go to {url} ({found.endpoint or 'no endpoint'}); portal: {found.portal or 'none'}."]
    if found.secret:
        lines += [
            "Stripe signs them with a new secret, which is shown only now. Add it to STRIPE_WEBHOOK_SECRETS and start again:",
            found.secret,
        ]
    lines += [f"Amiss: {one}." for one in found.wrong]
    return "\n".join(lines)
