"""Made-up people of the drill: names, addresses, networks, countries, as a crowd of many places has them. Nobody is real."""

import string
import tomllib
from dataclasses import dataclass
from pathlib import Path
from random import Random

_PARTS = tomllib.loads(Path(__file__).with_name("names.toml").read_text())
FIRST, BEGINNINGS, ENDS, WORDS = (_PARTS[key].split() for key in ("first", "beginnings", "ends", "words"))
MIDDLES = ("", "", "a", "e", "en", "er", "in", "o", "an", "el", "ov", "ar", "il", "et", "um", "is")
COUNTRIES = {
    "IE": 20, "DE": 18, "GB": 14, "FR": 10, "AT": 6, "NL": 5, "ES": 5, "IT": 5, "PL": 4, "KZ": 4, "US": 4, "SE": 3, "CH": 1,
    "BE": 1, "PT": 1, "DK": 1, "NO": 1, "FI": 1, "CZ": 1, "GR": 1, "UA": 1, "CA": 1, "AU": 1, "TR": 0.5, "BR": 0.5,
}  # fmt: skip
LARGE = {
    "gmail.com": 45, "outlook.com": 9, "hotmail.com": 8, "yahoo.com": 7,
    "icloud.com": 5, "gmx.de": 5, "web.de": 4, "proton.me": 4,
    "orange.fr": 2, "libero.it": 2, "wp.pl": 2, "mail.ru": 2, "eircom.net": 2,
}  # fmt: skip
SMALL_DOMAINS = 900
IN_A_SMALL_ONE = 0.15
SLIPS = ("gmial.com", "gmail.co", "hotmial.com", "yaho.com")
CARRIERS = 40
ON_A_CARRIER = 0.15


@dataclass(frozen=True)
class Sent:
    """One submission of the drill: when, what, from which network; how long its owner takes to confirm, or never."""

    at: float  # seconds from the start
    style: str
    name: str
    email: str
    country: str
    bucket: str
    confirms_after: float | None
    proof: bool = True

    @property
    def honest(self) -> bool:
        return self.style.startswith("honest")


def one(chances: dict[str, float], random: Random) -> str:
    return random.choices(list(chances), list(chances.values()))[0]


def name(random: Random) -> tuple[str, str]:
    """First and last name. Firsts are as uneven as in life; lasts are some thousands."""
    first = (
        FIRST[min(int(random.paretovariate(0.9) * 3), len(FIRST) - 1)]
        if random.random() < 0.4
        else random.choice(FIRST)
    )
    return first, random.choice(BEGINNINGS) + random.choice(MIDDLES) + random.choice(ENDS)


def local(first: str, last: str, random: Random) -> str:
    """The part before the @, as people choose it: most of their name, some of a fancy."""
    first, last = (part.lower().replace("'", "") for part in (first, last))
    number = str(random.choice([random.randint(1, 99), random.randint(1950, 2008)]))
    forms = {
        f"{first}.{last}": 32, f"{first}{last}": 10, f"{first[0]}{last}": 9, f"{first}.{last}{number}": 9, f"{last}.{first}": 5,
        f"{first}{number}": 6, f"{first}_{last}": 3, f"{first[0]}.{last}": 3, f"{first}.{last[0]}.{last}": 1,
        f"{first}.{last}+petitions": 2,
        f"{random.choice(WORDS)}{random.choice(WORDS)}{number}": 14, f"{random.choice(WORDS)}.{random.choice(WORDS)}": 6,
    }  # fmt: skip
    return one(forms, random)


def domain(random: Random) -> str:
    if random.random() < IN_A_SMALL_ONE:
        return f"org{int(random.paretovariate(0.7)) % SMALL_DOMAINS}.example"
    return random.choice(SLIPS) if random.random() < 0.01 else one(LARGE, random)


def bucket(random: Random) -> str:
    """A network of one's own, or a carrier's that thousands share."""
    if random.random() < ON_A_CARRIER:
        return network("carrier", random.randrange(CARRIERS))
    return network("home", random.randrange(10**9))


def network(kind: str, number: int) -> str:
    return f"{kind.encode().hex():0>16.16}{number:016x}"


def noise(random: Random, length: int) -> str:
    return "".join(random.choices(string.ascii_lowercase + string.digits, k=length))
