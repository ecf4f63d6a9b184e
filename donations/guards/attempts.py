"""How many payment pages are opened: for one network, for one mailbox, for the whole site; counted before Stripe is asked.

Only the limit of the asker's own network is told as such. The others have one answer, so that it says nothing of an address.
What is counted by stands in memory or Redis for a day, under a key of the day (core/limits.py), and nowhere else."""

import enum

from flask import current_app
from limits import parse

from core.limits import TOR, Limiter, own_bucket
from core.mailboxes.canonical import canonical

NETWORK = parse("30/hour")
MAILBOX = parse("40/hour")  # more than a network, whose own limit so comes first: that one is told
SITE = parse("600 per 10 minutes")
ACT = "give"


class Asker(enum.Enum):
    """How the asker's network stands to its limit; a full Tor is a crowd of strangers and is asked for a proof of work."""

    FREE = "free"
    CROWD = "crowd"


class NetworkFull(Exception):
    """The asker's network has opened its `most` payment pages of an hour; it may open another after `retry_after` seconds."""

    def __init__(self) -> None:
        self.retry_after = max(1, _limiter().wait(NETWORK, ACT, own_bucket()))
        self.minutes = -(-self.retry_after // 60)
        self.most = NETWORK.amount


class NoRoom(Exception):
    """No payment page is opened for this form now: its mailbox, or the whole site, has had too many."""

    asked, full, retry_after = False, True, 900


def check_network() -> None:
    """Counts nothing. Raises NetworkFull."""
    if own_bucket() != TOR and _limiter().wait(NETWORK, ACT, own_bucket()):
        raise NetworkFull


def asker() -> Asker:
    """Counts one gift of the asker's network. Raises NetworkFull."""
    bucket = own_bucket()
    if _limiter().within(NETWORK, ACT, bucket):
        return Asker.FREE
    if bucket != TOR:
        raise NetworkFull
    return Asker.CROWD


def count_page(email: str) -> None:
    """Counts one payment page that is to be opened. Raises NoRoom."""
    limiter = _limiter()
    mailbox = limiter.mark(canonical(email))
    if not limiter.within(MAILBOX, "give-mailbox", mailbox) or not limiter.within(SITE, "give-site"):
        raise NoRoom


def _limiter() -> Limiter:
    limiter: Limiter = current_app.extensions["limiter"]
    return limiter
