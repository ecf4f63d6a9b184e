"""The sandbox never leaves the machine: addresses are checked before anything is opened."""

import ipaddress
from urllib.parse import urlsplit


class NotLoopback(ValueError):
    """An address that other machines could reach, or that is on another machine."""


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def demand_loopback_host(host: str) -> str:
    """The host itself; raises NotLoopback otherwise."""
    if not is_loopback(host):
        raise NotLoopback(f"The sandbox serves loopback addresses only, not {host!r}.")
    return host


def demand_loopback_url(url: str) -> str:
    """The URL itself; raises NotLoopback otherwise."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not is_loopback(parts.hostname or ""):
        raise NotLoopback(f"The sandbox speaks to loopback addresses only, not {url!r}.")
    return url
