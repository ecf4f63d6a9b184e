"""What a wave looks like: groups of submissions that are unusual for their petition. Pure: rows in, findings out.

A group of its own kind (one name, one family of addresses) is told by its size. One that honest people share (a country, a
provider, a network, a union's domain) must also look made: few networks, or addresses that are foreign to their names. So a
viral hour or a hall behind one address are none. A small domain's mere number is told, and holds nobody before an organiser
calls it a wave, or it is huge."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import sqrt

from core.mailboxes.mail_domains import shared
from petitions.states import SignalKind

K = SignalKind
LOOK_ALIKES, TAGGED, DISPOSABLE = "look-alikes", "tagged", "disposable"
COMMON_PROVIDER = 0.4  # how much of a petition one large provider may hold before its own history tells
THROWN_AWAY_USUAL = 0.01


@dataclass(frozen=True, slots=True)
class Look:
    """A submission as far as waves are told by it; `name` and `family` are keyed hashes, `own`: made of the name."""

    id: int
    at: datetime
    country: str
    domain: str
    family: str
    name: str
    own: bool | None
    alias: bool
    odd: bool
    disposable: bool
    bucket: str | None
    cluster_id: str | None = None


@dataclass(frozen=True)
class Base:
    """What is usual on a petition: shares among its earlier signatures, and how many submissions an hour had lately."""

    signatures: int = 0
    countries: Mapping[str, int] = field(default_factory=dict)
    domains: Mapping[str, float] = field(default_factory=dict)
    own: float = 0.6
    alias: float = 0.05
    odd: float = 0.02
    hourly: float = 0.0

    def country(self, code: str) -> float:
        """The share of a country. One never seen is taken for a fiftieth until the petition has a history."""
        return (self.countries.get(code, 0) + 2) / (self.signatures + 100)

    def domain(self, name: str) -> float:
        least = COMMON_PROVIDER * 0.2 if shared(name) else THROWN_AWAY_USUAL if name == DISPOSABLE else 0.0
        return max(self.domains.get(name, 0.0), least)


@dataclass(frozen=True)
class Finding:
    """An unusual group, and how many of it were to be expected."""

    kind: SignalKind
    value: str
    looks: Sequence[Look]
    expected: float


@dataclass(frozen=True)
class Rule:
    """At least `least` rows, `factor` times what is expected."""

    least: int
    factor: float


DOMAIN = Rule(20, 5)
BUSY = Rule(40, 5)
HUGE = 300  # of one small domain: more wait for an organiser, so that nobody stuffs a petition while all are asleep
PROVIDER = Rule(60, 2)  # and it must look made
NAME = Rule(8, 5)
FAMILY = Rule(6, 5)
ALIASES = Rule(30, 3)
ODD = Rule(10, 4)
THROWN_AWAY = Rule(10, 4)
COUNTRY = Rule(25, 4)  # and it must look made
RARE_COUNTRY = Rule(50, 10)
NETWORK = Rule(20, 3)
FEWEST = min(rule.least for rule in (DOMAIN, NAME, FAMILY, ALIASES, ODD, NETWORK))
RARE = 0.01  # a country's share
SENDS = 5  # rows of a group from one network

VALUES: Mapping[SignalKind, Callable[[Look], Iterable[str]]] = {
    K.DOMAIN_BURST: lambda look: (look.domain, DISPOSABLE) if look.disposable else (look.domain,),
    K.NAME_REPETITION: lambda look: (look.name,),
    K.ALIAS_RATE: lambda look: (look.family, *((LOOK_ALIKES,) if look.odd else ()), *((TAGGED,) if look.alias else ())),
    K.COUNTRY_SHARE: lambda look: (look.country,),
    K.VELOCITY: lambda look: ("", look.domain),
}


def is_wide(kind: SignalKind, value: str, submissions: int, expected: float) -> bool:
    """Whether more than one in ten of those who match may be honest: then only the wave's own networks match."""
    if kind in (K.COUNTRY_SHARE, K.DOMAIN_BURST) or value == TAGGED:
        return submissions < 10 * expected
    return kind == K.VELOCITY and not value


def is_number(kind: SignalKind, value: str) -> bool:
    """Whether nothing but the number is strange: many of one small domain, who may be a union's members after its call."""
    return kind == K.VELOCITY and bool(value)


def find(looks: Sequence[Look], base: Base, known: Mapping[tuple[SignalKind, str], str]) -> list[Finding]:
    """The unusual groups among the submissions of the last hour, narrow kinds first; each row is told by one of them.

    `known` are the waves that go on: (kind, value) → cluster id; a row of one cluster is in no other group."""
    found: list[Finding] = []
    told: set[int] = set()
    for kind in FINDERS:
        for finding in FINDERS[kind](_groups(kind, looks, known, told), looks, base):
            fresh = [look for look in finding.looks if look.id not in told]
            told |= {look.id for look in fresh}
            found.append(Finding(finding.kind, finding.value, fresh, finding.expected))
    return [finding for finding in found if finding.looks]


Groups = Mapping[str, list[Look]]


def _groups(
    kind: SignalKind, looks: Sequence[Look], known: Mapping[tuple[SignalKind, str], str], told: set[int]
) -> Groups:
    groups: defaultdict[str, list[Look]] = defaultdict(list)
    for look in looks:
        if look.id not in told:
            for value in VALUES[kind](look):
                if look.cluster_id in (None, known.get((kind, value))):
                    groups[value].append(look)
    return groups


def _domains(groups: Groups, looks: Sequence[Look], base: Base) -> Iterable[Finding]:
    for domain, group in groups.items():
        finder = _thrown_away if domain == DISPOSABLE else _provider if shared(domain) else _small_domain
        expected = max(base.domain(domain) * len(looks), 1.0)
        if rows := finder(group, expected, base):
            yield Finding(K.DOMAIN_BURST, domain, rows, expected)


def _thrown_away(group: Sequence[Look], expected: float, base: Base) -> Sequence[Look]:
    return group if _unusual(len(group), expected, THROWN_AWAY) else ()


def _provider(group: Sequence[Look], expected: float, base: Base) -> Sequence[Look]:
    made = concentrated(group) and foreign(group, base)
    return made_part(group, base) if made and _unusual(len(group), expected, PROVIDER) else ()


def _small_domain(group: Sequence[Look], expected: float, base: Base) -> Sequence[Look]:
    return group if foreign(group, base) and _unusual(len(group), expected, DOMAIN) else ()


def _names(groups: Groups, looks: Sequence[Look], base: Base) -> Iterable[Finding]:
    expected = max(1.0, len(looks) / 1000)
    for value, group in groups.items():
        if _unusual(len(group), expected, NAME):
            yield Finding(K.NAME_REPETITION, value, group, expected)


def _aliases(groups: Groups, looks: Sequence[Look], base: Base) -> Iterable[Finding]:
    usual = {LOOK_ALIKES: (ODD, base.odd), TAGGED: (ALIASES, base.alias)}
    for value, group in groups.items():
        rule, share = usual.get(value, (FAMILY, 0.001))
        expected = max(share * len(looks), 1.0)
        if _unusual(len(group), expected, rule):
            yield Finding(K.ALIAS_RATE, value, group, expected)


def _countries(groups: Groups, looks: Sequence[Look], base: Base) -> Iterable[Finding]:
    for country, group in groups.items():
        expected = base.country(country) * len(looks)
        rare = base.country(country) < RARE and _unusual(len(group), expected, RARE_COUNTRY)
        made = concentrated(group) and foreign(group, base)
        if rare or (made and _unusual(len(group), expected, COUNTRY)):
            yield Finding(K.COUNTRY_SHARE, country, group if rare else made_part(group, base), expected)


def _velocity(groups: Groups, looks: Sequence[Look], base: Base) -> Iterable[Finding]:
    """Networks that send several, with addresses foreign to the names; together more than the petition's own rate explains.

    And small domains that send many, about whom nothing else is strange."""
    suspect = [look for rows in networks(groups.get("", ())) if foreign(rows, base) for look in rows]
    expected = max(0.02 * len(looks), base.hourly / 50, 1.0)
    if _unusual(len(suspect), expected, NETWORK):
        yield Finding(K.VELOCITY, "", suspect, expected)
    for domain, group in groups.items():
        usual = max(base.domain(domain) * len(looks), 1.0)
        if domain and not shared(domain) and _unusual(len(group), usual, BUSY):
            yield Finding(K.VELOCITY, domain, group, usual)


FINDERS: Mapping[SignalKind, Callable[[Groups, Sequence[Look], Base], Iterable[Finding]]] = {
    K.NAME_REPETITION: _names,
    K.ALIAS_RATE: _aliases,
    K.DOMAIN_BURST: _domains,
    K.COUNTRY_SHARE: _countries,
    K.VELOCITY: _velocity,
}


def concentrated(group: Sequence[Look]) -> bool:
    """Whether few networks send it; Tor's shared bucket and rows without one tell nothing."""
    known = [len(rows) for rows in networks(group)]
    return sum(known) >= 10 and sum(known) >= 3 * len(known)


def foreign(group: Sequence[Look], base: Base) -> bool:
    """Whether the addresses are made of the names far less often than is usual here, and than chance allows in so few."""
    known = [look.own for look in group if look.own is not None]
    usual = base.own * len(known)
    few = usual - 2.5 * sqrt(usual * (1 - base.own))
    return len(known) >= SENDS and sum(known) < min(0.6 * usual, few)


def made_part(group: Sequence[Look], base: Base) -> list[Look]:
    """The rows of those networks that send several of the group, with addresses foreign to the names."""
    several = [rows for rows in networks(group) if len(rows) >= SENDS]
    return [look for rows in several if foreign(rows, base) for look in rows]


def networks(group: Iterable[Look]) -> Collection[list[Look]]:
    """The rows of each network."""
    found: defaultdict[str, list[Look]] = defaultdict(list)
    for look in group:
        if is_network(look.bucket):
            found[str(look.bucket)].append(look)
    return found.values()


def is_network(bucket: str | None) -> bool:
    return bucket is not None and len(bucket) == 32  # shared ones, as Tor's, have a word


def _unusual(number: int, expected: float, rule: Rule) -> bool:
    return number >= rule.least and number >= rule.factor * expected and number - expected >= 6 * sqrt(expected)
