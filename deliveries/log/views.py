"""The public log as anybody fetches it: the leaves themselves, and what was signed about them."""

import hashlib
from collections.abc import Iterator

from flask import Response, abort, make_response, request

from core.db import db
from core.guards import cacheable
from deliveries.asking import DeliveryNotFound
from deliveries.blueprint import deliveries
from deliveries.checking import services as checking
from deliveries.log import chunks, services, words
from deliveries.log.leaves import LEAF
from deliveries.streams import in_own_context
from petitions.models import Petition
from petitions.services import get_public


@deliveries.get("/petitions/<slug>/log")
def petition_log(slug: str) -> Response:
    return _whole(get_public(slug))


@deliveries.get("/petitions/<slug>/log/checkpoint")
def petition_checkpoint(slug: str) -> Response:
    """The newest signed note, or with `?size=` the one that was signed over so many leaves."""
    petition, asked = get_public(slug), request.args.get("size")
    if asked is not None and not (asked.isascii() and asked.isdigit() and len(asked) < 10):
        abort(404)
    found = services.get_checkpoint(petition, None if asked is None else int(asked))
    answer = make_response(found.note or words.lost(found.size) + "\n", 200 if found.note else 410)
    answer.mimetype = "text/plain"
    return cacheable(answer) if found.note else answer


@deliveries.get("/deliveries/<public_id>/log")
def delivery_log(public_id: str) -> Response:
    """The log of the petition whose list was delivered: its first leaves are those of the pack. Of a dangerous or frozen case
    the address is as if it were nobody's."""
    found = checking.opened(public_id)
    if found is None:
        raise DeliveryNotFound(public_id)
    return _whole(found.petition)


def _whole(petition: Petition) -> Response:
    """The log as a download that is known by its size before it begins, and of which a part may be asked for."""
    petition_id, size = petition.id, chunks.size(petition.id)
    answer = Response(in_own_context(_pieces(petition_id, size)), mimetype="application/octet-stream")
    answer.content_length = size * LEAF
    answer.headers["Cache-Control"] = "public, max-age=0, s-maxage=1"
    last = chunks.piece(petition_id, max(size - 1, 0))  # a log that a backup cut may grow to the same size with others
    answer.set_etag(f"{size}-{hashlib.sha256(last).hexdigest()[:32]}")
    answer.make_conditional(request, accept_ranges=True, complete_length=size * LEAF)
    return answer


def _pieces(petition_id: int, size: int) -> Iterator[bytes]:
    for piece in chunks.prefix(petition_id, size):
        db.session.rollback()  # whoever reads slowly holds no connection
        yield piece
