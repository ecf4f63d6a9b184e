"""By which link somebody came: codes that a petition defines, and the site's own for links that people pass on."""

from petitions.models import Petition

OTHER, SHARED, PAPER = "other", "shared", "paper"


def known(petition: Petition, typed: str) -> str:
    """The code that counts; "other" for one that nobody defined."""
    return typed if typed == SHARED or typed in petition.sources else OTHER


def address_to_share(server_url: str, petition: Petition) -> str:
    """The petition's address as it is passed on: who comes by it counts as such, and nothing tells who passed it on."""
    return f"{server_url}/petitions/{petition.slug}?source={SHARED}"
