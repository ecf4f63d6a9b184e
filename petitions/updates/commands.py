"""`flask mail bounces`: what mail servers and readers send back, from a pipe or a maildir."""

import sys
from collections import Counter
from collections.abc import Iterator
from mailbox import Maildir
from pathlib import Path

import click
from flask.cli import AppGroup

from core.bounce_reports import LARGEST
from core.db import db
from petitions.updates import bounces

mail = AppGroup("mail", help="Mails that come back.")
SEEN = "S"


@mail.command("bounces")
@click.option(
    "--stdin", "piped", is_flag=True, help="One mail from the standard input, as a mail server's alias pipes it."
)
@click.option(
    "--maildir", type=click.Path(exists=True, file_okay=False, path_type=Path), help="The unread mails in there."
)
def take_bounces(piped: bool, maildir: Path | None) -> None:
    """Ends the updates to mailboxes that refuse them or complain. Exit code 0 whatever came: a mail server must not answer a
    bounce with another."""
    if piped == (maildir is not None):
        raise click.UsageError("Say --stdin or --maildir PATH.")
    outcomes: Counter[str] = Counter()
    for raw in _unread(maildir) if maildir else [sys.stdin.buffer.read(LARGEST)]:
        outcomes[bounces.take(raw)] += 1
        db.session.commit()
    said = (bounces.BOUNCED, "complained", bounces.NOT_OURS)
    click.echo(", ".join(f"{name.replace('_', ' ')}: {outcomes[name]}" for name in said))


def _unread(folder: Path) -> Iterator[bytes]:
    """Each unread mail, marked as read once it was applied: a run that was killed meets it again, which does no harm."""
    box = Maildir(folder, create=False)
    for key in sorted(box.keys()):
        message = box[key]
        if SEEN in message.get_flags():
            continue
        yield box.get_bytes(key)[:LARGEST]
        message.set_subdir("cur")
        message.add_flag(SEEN)
        box[key] = message
