"""Which mail domains have no mail server: asked of the DNS with little patience, remembered, and never a reason to hold anybody
while the DNS itself does not answer."""

import logging
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import dns.resolver
from dns.exception import DNSException
from flask import current_app

from core.addresses import RESERVED
from core.mailboxes.mail_domains import shared

log = logging.getLogger(__name__)
PATIENCE = 2.0  # seconds for one domain
AT_ONCE = 8
MOST_KNOWN = 50_000
KEPT = {True: 6 * 3600.0, False: 1800.0}  # seconds that an answer stands: has a server, has none
AWAY = 60.0  # seconds without a question after the DNS did not answer


@dataclass
class MailServers:
    """What this process knows of domains; `resolver` None: the machine's own."""

    resolver: dns.resolver.Resolver | None = None
    _known: dict[str, tuple[float, bool]] = field(default_factory=dict)
    _away_until: float = 0.0

    def look_up(self, domains: Iterable[str]) -> None:
        """Asks about those that are not known, several at once."""
        asked = [domain for domain in set(domains) if not shared(domain) and self._fresh(domain) is None]
        if not asked or time.monotonic() < self._away_until:
            return
        with ThreadPoolExecutor(min(AT_ONCE, len(asked))) as threads:
            list(threads.map(self._ask, asked))

    def missing(self, domain: str) -> bool:
        """Whether it is known that no mail can reach the domain."""
        return self._fresh(domain) is False

    def _fresh(self, domain: str) -> bool | None:
        until, has = self._known.get(domain, (0.0, False))
        return has if until > time.monotonic() else None

    def _ask(self, domain: str) -> None:
        if time.monotonic() < self._away_until:
            return
        try:
            has = _has_server(self.resolver or dns.resolver.get_default_resolver(), domain)
        except (DNSException, OSError) as error:
            log.warning("the DNS does not answer (%s): nobody is held for want of a mail server", type(error).__name__)
            self._away_until = time.monotonic() + AWAY
            return
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[domain] = (time.monotonic() + KEPT[has], has)


def mail_servers() -> MailServers:
    """This process's."""
    known: MailServers = current_app.extensions.setdefault("mail_servers", MailServers())
    return known


def look_up(domains: Iterable[str]) -> None:
    """Asks ahead of a transaction, so that nobody waits for the DNS while rows are locked. Reserved names need none."""
    settings = current_app.config["UNDERSIGNED"]
    if settings.limits:
        mail_servers().look_up(domain for domain in domains if not RESERVED.search(f"@{domain}"))


def _has_server(resolver: dns.resolver.Resolver, domain: str) -> bool:
    """A mail exchanger, or for want of one an address. Source: RFC 5321 §5.1; a lone '.' says that there is none, RFC 7505."""
    try:
        found = resolver.resolve(domain, "MX", lifetime=PATIENCE)
        return any(record.exchange.to_text() != "." for record in found)
    except dns.resolver.NXDOMAIN:
        return False
    except dns.resolver.NoAnswer:
        return any(_has(resolver, domain, kind) for kind in ("A", "AAAA"))


def _has(resolver: dns.resolver.Resolver, domain: str, kind: str) -> bool:
    try:
        return bool(resolver.resolve(domain, kind, lifetime=PATIENCE))
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return False
