"""Where a form's answer may lead: the policy governs the redirect after a POST too."""

from urllib.parse import urlsplit


def origin(url: str) -> str:
    """`http://127.0.0.1:8000` of an address, as a Content-Security-Policy names it."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")
