"""One mailbox, one address: the canonical form whose keyed hash is a petition's blind index."""

import hmac
import unicodedata
from typing import NamedTuple

from core.addresses import ascii_domain

RULES_VERSION = 1


class Provider(NamedTuple):
    """How a provider reads the part before the @, and the domain that its aliases stand for."""

    domain: str
    ignores_dots: bool = False


PROVIDERS = {
    "gmail.com": Provider("gmail.com", ignores_dots=True),
    "googlemail.com": Provider("gmail.com", ignores_dots=True),
}


def canonical(email: str) -> str:
    """The address as its mailbox reads it: lower case, domain in ASCII, '+tag' dropped, the provider's own rules applied."""
    local, _, domain = ascii_domain(unicodedata.normalize("NFKC", email).lower()).rpartition("@")
    provider = PROVIDERS.get(domain, Provider(domain))
    local = local.partition("+")[0] or local
    if provider.ignores_dots:
        local = local.replace(".", "")
    return f"{local}@{provider.domain}"


def blind_index(index_key: bytes, email: str) -> bytes:
    """HMAC-SHA-256 of the canonical address under the petition's index key: no two petitions can be joined by it."""
    return hmac.digest(index_key, canonical(email).encode(), "sha256")
