"""Donors as an update's readers: here the fund's room and the petition's meet."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.bulk import Addressee
from core.db import db
from donations import news
from donations.own_page.links import live_from_now
from petitions.updates import audience
from petitions.updates.models import Update, UpdateState

CHECK = "organisers.update_to_donor"


def ahead(found: Update, after: int, limit: int) -> tuple[int, list[Addressee]]:
    return news.ahead(found.petition.case_id, after, limit)


def links(found: Update, addressees: Sequence[Addressee]) -> dict[int, dict[str, str]]:
    return news.fresh_links(addressees)


def start_clocks(told: Mapping[str, Any]) -> None:
    """A mail was handed over: the link in it lives from now on."""
    if page := told.get("links", {}).get("page"):
        live_from_now(audience.secret_in(page))


def still_wanted(email: str, told: Mapping[str, Any]) -> str:
    """core.bulk's check for donors: why a promised mail must not go any more."""
    found = db.session.get_one(Update, told["update"])
    if found.state == UpdateState.CANCELLED:
        return "cancelled"
    if not news.asks(found.petition.case_id, told["row"], email):
        return "unwanted"
    return audience.closed_to(email, found)
