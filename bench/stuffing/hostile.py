"""Ten thousand false signings in six styles.

Their mailboxes can confirm, and do within minutes, except where an address stands for a stranger's; their machines solve proofs
of work. That is the worst case: made-up addresses at real providers never confirm, and so never count."""

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from disposable_email_domains import blocklist

from bench.stuffing import people
from bench.stuffing.honest import HOUR
from bench.stuffing.people import Sent

EACH = 1667
NUMBERS = {"burst": EACH, "drip": EACH, "disposable": EACH, "aliases": EACH, "catch-all": 1666, "look-alikes": 1666}
KNOWN = sorted(blocklist)
UNKNOWN_DISPOSABLES = 30
MAILBOXES, SERIES = 15, 16
IMITATIONS = (
    "gmai1.com", "gmaii.com", "grnail.com", "gmall.com", "outlok.com", "out1ook.com", "hotmai1.com", "yah0o.com",
    "gmаil.com", "outlооk.com", "yаhoo.com", "prоton.me",
)  # fmt: skip
CYRILLIC = str.maketrans("aeopcAEOPC", "аеорсАЕОРС")


def signings(random: Random) -> Iterator[Sent]:
    for style, number in NUMBERS.items():
        yield from (STYLES[style](random, place) for place in range(number))


def _sent(style: str, hour: float, random: Random, networks: int, **given: str) -> Sent:
    first, last = people.name(random)
    values = {
        "name": f"{first} {last}", "email": f"{people.local(first, last, random)}@{people.one(people.LARGE, random)}",
        "country": people.one(people.COUNTRIES, random), "bucket": people.network(style, random.randrange(networks)), **given,
    }  # fmt: skip
    return Sent(at=hour * HOUR, style=style, confirms_after=random.uniform(20, 240), **values)


def _burst(random: Random, place: int) -> Sent:
    """Twelve minutes, eight networks, mailboxes that were bought by the thousand: letters and digits."""
    email = (
        f"{people.noise(random, random.randint(8, 12))}@{random.choice(('gmail.com', 'outlook.com', 'hotmail.com'))}"
    )
    return _sent("burst", 24 + random.random() / 5, random, 8, email=email)


def _drip(random: Random, place: int) -> Sent:
    """Sixty hours, a thousand networks, one every two minutes, names and addresses as anybody's."""
    return _sent("drip", 6 + 60 * random.random(), random, 1000)


def _disposable(random: Random, place: int) -> Sent:
    """Three hours; six of ten at domains that a public list knows, the others at thirty that it does not."""
    known = random.random() < 0.6
    domain = random.choice(KNOWN) if known else f"tempbox{random.randrange(UNKNOWN_DISPOSABLES)}.example"
    return _sent("disposable", 33 + 3 * random.random(), random, 60, email=f"{people.noise(random, 9)}@{domain}")


def _aliases(random: Random, place: int) -> Sent:
    """Four hours; half are tags and dots of fifteen mailboxes, half are numbered series of true mailboxes."""
    if place % 2:
        own = f"mailboxowner{random.randrange(MAILBOXES)}"
        cut = random.randint(1, len(own) - 1)
        forms = (
            f"{own[:cut]}.{own[cut:]}@gmail.com",
            f"{own}+{people.noise(random, 4)}@outlook.com",
            f"{own}+{place}@gmail.com",
        )
        email = random.choice(forms)
    else:
        series = f"{people.WORDS[place % SERIES]}supporter"
        email = f"{series}{place}@{random.choice(('outlook.com', 'gmx.de'))}"
    return _sent("aliases", 44 + 4 * random.random(), random, 40, email=email)


def _catch_all(random: Random, place: int) -> Sent:
    """Two hours, 150 networks, one domain of one's own that takes mail for whoever: addresses are made of the names."""
    first, last = people.name(random)
    email = f"{first}.{last}{random.choice(('', '', str(random.randint(1, 99))))}@civic-voice.example".lower().replace(
        "'", ""
    )
    return _sent("catch-all", 50 + 2 * random.random(), random, 150, name=f"{first} {last}", email=email)


def _look_alikes(random: Random, place: int) -> Sent:
    """Three hours, a hundred networks: domains that imitate large ones, and names half in letters of another script."""
    first, last = people.name(random)
    domain, shown = random.choice(IMITATIONS), f"{first} {last}"
    name = shown.translate(CYRILLIC) if random.random() < 0.5 else shown
    email = f"{people.local(first, last, random)}@{domain}"
    sent = _sent("look-alikes", 56 + 3 * random.random(), random, 100, name=name, email=email)
    # what imitates by its letters alone is taken for the true domain, so that the mail goes to somebody else
    return sent if domain.isascii() else replace(sent, confirms_after=None)


STYLES = {
    "burst": _burst, "drip": _drip, "disposable": _disposable, "aliases": _aliases, "catch-all": _catch_all,
    "look-alikes": _look_alikes,
}  # fmt: skip
