"""What stands at the head and the foot of each of our documents, as templates/sheets/paper.typ wants it."""

from typing import Any
from urllib.parse import urlsplit

from flask import current_app

from config import Settings


def letterhead(language: str, *, title: str, footer: str) -> dict[str, Any]:
    """Language, title, organisation, site and foot of a document; title and foot are in that language already."""
    settings: Settings = current_app.config["UNDERSIGNED"]
    return {
        "language": language.replace("-", "_").partition("_")[0], "title": title, "footer": footer,
        "organisation": settings.organisation, "server": urlsplit(settings.server_url).netloc,
    }  # fmt: skip
