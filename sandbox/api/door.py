"""How API views are run: one transaction each, once for each idempotency key."""

import json
from collections.abc import Callable
from functools import wraps

from flask import Response, g, request

from .. import idempotency
from ..context import current
from ..errors import CardError, InvalidRequest
from ..jsons import Json
from ..params import parse
from ..store import Ledger
from .expansion import expand

Verb = Callable[..., Json]


def reads(verb: Verb) -> Callable[..., Response]:
    """A view that shows what `verb(ledger, params, **path)` gives and changes nothing."""

    @wraps(verb)
    def view(**path: str) -> Response:
        params = parse(request.args.items(multi=True))
        with current().store.reading() as ledger:
            return _answer(json.dumps(_complete(verb, ledger, params, path)))

    return view


def writes(verb: Verb) -> Callable[..., Response]:
    """A view that commits what `verb(ledger, params, **path)` did; a refused request leaves no trace."""

    @wraps(verb)
    def view(**path: str) -> Response:
        sent = request.args if request.method == "DELETE" else request.form
        params = parse(sent.items(multi=True))
        key = _idempotency_key()
        print_ = idempotency.fingerprint(request.method, request.path, params)
        cause = {"id": g.request_id, "idempotency_key": key}
        with current().store.writing(cause) as ledger:
            kept = idempotency.recall(ledger, key, print_) if key else None
            if kept:
                return _answer(kept[1], kept[0], replayed=True)
            body, status = _outcome(verb, ledger, params, path)
            if key:
                idempotency.remember(ledger, key, print_, status, body)
        return _answer(body, status)

    return view


def _outcome(verb: Verb, ledger: Ledger, params: Json, path: Json) -> tuple[str, int]:
    try:
        return json.dumps(_complete(verb, ledger, params, path)), 200
    except CardError as error:
        return json.dumps(error.body()), error.status


def _complete(verb: Verb, ledger: Ledger, params: Json, path: Json) -> Json:
    wanted = params.get("expand", {})
    return expand(ledger, verb(ledger, params, **path), wanted)


def _idempotency_key() -> str | None:
    if request.method != "POST":
        return None
    key = request.headers.get("Idempotency-Key") or None
    if key and len(key) > 255:
        raise InvalidRequest("An idempotency key may have 255 characters at most.")
    return key


def _answer(body: str, status: int = 200, *, replayed: bool = False) -> Response:
    response = Response(body, status, content_type="application/json")
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response
