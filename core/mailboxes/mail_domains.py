"""Mail domains: what their providers' rules are, what was meant by a look-alike or a slip, which are thrown away after use."""

import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.addresses import ascii_domain, clean_address

LONGEST_TYPED = 1_000
SHORTEST_HINTED = 6  # letters: of two short domains either may be meant
JOINERS = "\u200c\u200d"  # a whole Persian or Hindi name may need them
KEPT = f"{JOINERS}\u202d\u202e"  # overrides show an address in another order than it has: it is refused
# Letters of other scripts that look like Latin ones. Source: Unicode's confusables, those that a keyboard gives.
LOOK_ALIKES = str.maketrans(
    "авсеһіјкмпорԛѕтԝхуԁӏɡαεικνορτυχοցոս",
    "abcehijkmnopqstwxydlgaeikvoptuxognu",
)


@dataclass(frozen=True)
class Provider:
    """How a domain's provider reads the part before the @; `domain` stands for all domains of the mailbox."""

    domain: str
    tags: str
    ignored: str = ""
    same: Mapping[str, str] = field(default_factory=dict)
    subdomains: bool = False


def _providers(table: dict[str, Any]) -> Iterator[tuple[str, Provider]]:
    for entry in table["provider"]:
        rules = {key: entry[key] for key in ("ignored", "same", "subdomains") if key in entry}
        rules["tags"] = entry.get("tags", table["tags"])
        for domain in entry.get("domains", ()):
            yield domain, Provider(entry["domains"][0], **rules)
        for domain in entry.get("separate", ()):
            yield domain, Provider(domain, **rules)


_TABLE = tomllib.loads(Path(__file__).with_name("mail_providers.toml").read_text())
RULES_VERSION: int = _TABLE["version"]
PROVIDERS = dict(_providers(_TABLE))
LIKELY: list[str] = _TABLE["hints"]["likely"]
SLIPS: dict[str, str] = _TABLE["hints"]["slips"]


def provider_of(domain: str) -> Provider:
    """The rules of a domain; a name of its own in front of a provider's domain keeps its dot-separated place."""
    found = PROVIDERS.get(domain) or PROVIDERS.get(domain.partition(".")[2])
    if found is None or (domain not in PROVIDERS and not found.subdomains):
        return Provider(domain, _TABLE["tags"])
    return found


def shared(domain: str) -> bool:
    """Whether strangers to each other have their mail there: many of them at once mean nothing."""
    return domain in PROVIDERS


def as_meant(address: str) -> str:
    """The address without what cannot be seen in it: full-width letters, zero-width signs, look-alikes among Latin letters.

    A name or label all in another script stays what it is."""
    if address.isascii():
        return address.strip()
    plain = unicodedata.normalize("NFKC", address[:LONGEST_TYPED]).replace("。", ".").strip()
    local, at, domain = plain.rpartition("@")
    labels = [_label(label) for label in domain.split(".")]
    folded = ".".join(label.lower().translate(LOOK_ALIKES) for label in labels)
    return f"{_label(local)}{at}{folded if folded in PROVIDERS else '.'.join(labels)}"


def _label(text: str) -> str:
    seen = "".join(character for character in text if unicodedata.category(character) != "Cf" or character in KEPT)
    bare = seen.translate(dict.fromkeys(map(ord, JOINERS)))
    if not any("a" <= character.lower() <= "z" for character in bare):
        return bare if bare.isascii() else seen
    return bare if bare.isascii() else "".join(_latin(character) for character in bare)


def _latin(character: str) -> str:
    return character if character.isascii() else character.lower().translate(LOOK_ALIKES)


def clean(text: str, longest: int) -> str:
    """core.addresses.clean_address of what was meant. Raises TextError."""
    return clean_address(as_meant(text) if len(text) <= LONGEST_TYPED else text, longest)


def domain_of(email: str) -> str:
    """The domain as mail servers know it, in small letters."""
    return ascii_domain(as_meant(email).lower()).rpartition("@")[2]


def hint_for(email: str) -> str | None:
    """The address that was probably meant, where its domain is a slip away from a likely one; of what was typed alone."""
    local, _, domain = email.rpartition("@")
    meant = _likely(domain.lower())
    return f"{local}@{meant}" if meant else None


@lru_cache(maxsize=4096)
def _likely(domain: str) -> str | None:
    if domain in PROVIDERS or len(domain) < SHORTEST_HINTED:
        return SLIPS.get(domain)
    return SLIPS.get(domain) or next((likely for likely in LIKELY if _one_slip(domain, likely)), None)


def _one_slip(typed: str, meant: str) -> bool:
    """Whether one letter was left out, added, replaced, or changed places with its neighbour."""
    if abs(len(typed) - len(meant)) > 1 or len(meant) < SHORTEST_HINTED:
        return False
    start = next((at for at, (one, other) in enumerate(zip(typed, meant, strict=False)) if one != other), len(typed))
    one, other = typed[start:], meant[start:]
    swapped = one[1:2] + one[:1] + one[2:]
    return one[1:] == other or one == other[1:] or one[1:] == other[1:] or swapped == other


def disposable(domain: str) -> bool:
    """Whether the domain, or one above it, gives out addresses for minutes."""
    from disposable_email_domains import blocklist  # five megabytes that only the worker needs

    return any(name in blocklist for name in above(domain))


def above(domain: str) -> Iterator[str]:
    """The domain and those that it lies in: a.b.example, b.example, example."""
    while domain:
        yield domain
        domain = domain.partition(".")[2]
