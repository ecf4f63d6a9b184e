"""Objects as API version 2026-10-28.endive shows them: plain functions that give plain dictionaries."""

from ..jsons import Json

API_VERSION = "2026-10-28.endive"


def listing(items: list[Json], url: str, has_more: bool = False) -> Json:
    """A page of objects."""
    return {"object": "list", "data": items, "has_more": has_more, "url": url}
