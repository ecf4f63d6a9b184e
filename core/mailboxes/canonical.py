"""One mailbox, one address: the canonical form whose keyed hash is a petition's blind index."""

import hmac

from core.addresses import ascii_domain
from core.mailboxes.mail_domains import RULES_VERSION, Provider, as_meant, provider_of

__all__ = ["RULES_VERSION", "blind_index", "canonical", "tagged"]


def canonical(email: str) -> str:
    """The address as its mailbox reads it: lower case, domain in ASCII, no look-alikes, no tag, by its provider's rules."""
    local, _, domain = ascii_domain(as_meant(email).lower()).rpartition("@")
    provider = provider_of(domain)
    if provider.domain != domain and domain.endswith(f".{provider.domain}"):  # anything@name.provider
        local = domain.removesuffix(f".{provider.domain}")
    return f"{_name(local, provider)}@{provider.domain}"


def tagged(email: str) -> bool:
    """Whether the address carries a tag of its owner's making."""
    local, _, domain = ascii_domain(as_meant(email).lower()).rpartition("@")
    provider = provider_of(domain)
    return any(tag in local[1:] for tag in provider.tags) or domain.endswith(f".{provider.domain}")


def blind_index(index_key: bytes, email: str) -> bytes:
    """HMAC-SHA-256 of the canonical address under the petition's index key: no two petitions can be joined by it."""
    return hmac.digest(index_key, canonical(email).encode(), "sha256")


def _name(local: str, provider: Provider) -> str:
    name = local
    for tag in provider.tags:
        name = name.partition(tag)[0] or name
    for character, other in provider.same.items():
        name = name.replace(character, other)
    return "".join(character for character in name if character not in provider.ignored) or local
