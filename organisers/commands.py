"""`flask organiser`: how the first organiser gets in, and whoever lost the way."""

import json
import sys

import click
from flask import current_app
from flask.cli import AppGroup

from core.db import db
from core.vault import SITE, vault
from organisers import services
from organisers.accounts import notices

organiser = AppGroup("organiser", help="Accounts of the people who run cases and petitions.")


@organiser.command("create")
@click.argument("email")
@click.option("--password-stdin", is_flag=True, help="Read a password from standard input instead of making a link.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def create(email: str, password_stdin: bool, as_json: bool) -> None:
    """Makes the account if there is none, and prints a one-time login link that works for ten minutes.

    With --password-stdin the account gets that password, and all its sessions end; who had it before is told by mail."""
    if not current_app.config["UNDERSIGNED"].office:
        click.echo("Run this with ROLE=office or ROLE=all: this role holds no key of the office.", err=True)
        raise SystemExit(1)
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else None
    known = services.find(email) if password is not None else None
    if known is not None:
        vault().prepare(SITE)
    try:
        account = services.ensure_organiser(email)
        if password is None:
            login = services.make_login_link(account)
        else:
            services.set_password(account, password, actor="cli")
            if known is not None:
                notices.tell(known, "password")
            login = f"{current_app.config['UNDERSIGNED'].server_url}/office/login"
    except services.EmailRefused as error:
        raise click.BadParameter(str(error), param_hint="EMAIL") from None
    except services.PasswordRefused as error:
        raise click.BadParameter(str(error), param_hint="--password-stdin") from None
    db.session.commit()
    told = {"email": account.email, "login": login}
    click.echo(json.dumps(told) if as_json else f"Organiser: {account.email}\nLogin: {login}")


@organiser.command("reset-factor")
@click.argument("email")
def reset_factor(email: str) -> None:
    """Takes the second factors of somebody who has lost them, ends their sessions, and prints a one-time login link.

    They are told by mail. Whoever can run this has the keys anyway."""
    settings = current_app.config["UNDERSIGNED"]
    if not settings.office:
        click.echo("Run this with ROLE=office or ROLE=all: this role holds no key of the office.", err=True)
        raise SystemExit(1)
    account = services.find(email)
    if account is None:
        raise click.BadParameter("no open account has this address.", param_hint="EMAIL")
    vault().prepare(SITE)
    services.reset_factors(account, actor="cli")
    login = services.make_login_link(account)
    db.session.commit()
    click.echo(f"Organiser: {account.email}\nLogin: {login}")
