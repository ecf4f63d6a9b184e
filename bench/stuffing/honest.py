"""Ten thousand honest signings over three days: a steady stream, a newsletter, a viral hour, a hall, a union, users of Tor."""

from collections.abc import Iterator
from random import Random

from bench.stuffing import people
from bench.stuffing.people import Sent

HOUR = 3600.0
DAYS = 3
CONFIRM = 0.78  # of those who get the mail; half of them within four minutes, the last ones a day later
NO_PROOF = 0.06  # browsers without JavaScript
CROWDS = {"stream": 4350, "newsletter": 1800, "viral": 3000, "hall": 300, "union": 150, "tor": 400}


def signings(random: Random) -> Iterator[Sent]:
    for crowd, number in CROWDS.items():
        for _ in range(number):
            yield WHO[crowd](random)


def _sent(at: float, random: Random, crowd: str, **given: str) -> Sent:
    first, last = people.name(random)
    email = f"{people.local(first, last, random)}@{people.domain(random)}"
    confirms = min(random.lognormvariate(5.5, 1.4), 24 * HOUR) if random.random() < CONFIRM else None
    values = {
        "name": f"{first} {last}", "email": email, "country": people.one(people.COUNTRIES, random),
        "bucket": people.bucket(random), **given,
    }  # fmt: skip
    if "domain" in values:
        values["email"] = f"{first}.{last}@{values.pop('domain')}".lower().replace("'", "")
    return Sent(at=at, style=f"honest: {crowd}", confirms_after=confirms, proof=random.random() > NO_PROOF, **values)


def _stream(random: Random) -> Sent:
    """By day three times as many as by night."""
    while True:
        at = random.uniform(0, DAYS * 24 * HOUR)
        if 7 <= at / HOUR % 24 < 23 or random.random() < 0.33:
            return _sent(at, random, "stream")


def _newsletter(random: Random) -> Sent:
    return _sent((8 + min(random.expovariate(0.5), 12)) * HOUR, random, "newsletter")


def _viral(random: Random) -> Sent:
    """A broadcast in one country: six of ten are from there, all within the hour."""
    given = {"country": "IE"} if random.random() < 0.6 else {}
    return _sent((30 + random.betavariate(1.5, 2)) * HOUR, random, "viral", **given)


def _hall(random: Random) -> Sent:
    """Three hundred at a meeting behind one address."""
    given = {"bucket": people.network("hall", 1), "country": "DE" if random.random() < 0.9 else "AT"}
    return _sent((20 + random.betavariate(2, 2) * 1.7) * HOUR, random, "hall", **given)


def _union(random: Random) -> Sent:
    """Members with mailboxes of their union, in the hour after its mailing: four of ten in one of its three offices."""
    given = {"domain": "workers-union.example"}
    if random.random() < 0.4:
        given["bucket"] = people.network("office", random.randrange(3))
    return _sent((40 + random.betavariate(1.2, 3)) * HOUR, random, "union", **given)


def _tor(random: Random) -> Sent:
    return _sent(random.uniform(0, DAYS * 24 * HOUR), random, "tor", bucket="tor")


WHO = {"stream": _stream, "newsletter": _newsletter, "viral": _viral, "hall": _hall, "union": _union, "tor": _tor}
