"""API keys: any test key will do, a live key never."""

import re

from flask import Request

from ..errors import NotAllowed

TEST_KEY = re.compile(r"sk_test_[A-Za-z0-9_]+")


def demand_test_key(request: Request) -> None:
    """Raise NotAllowed unless the request carries an `sk_test_` key. A key is never repeated in an answer."""
    key = _key_of(request)
    if not key:
        raise NotAllowed(
            "You did not provide an API key. Send it in the Authorization header: 'Authorization: Bearer sk_test_…'."
        )
    if key.startswith(("sk_live_", "rk_live_")):
        raise NotAllowed("This is a sandbox: it refuses live keys. Use a key that starts with sk_test_.")
    if not TEST_KEY.fullmatch(key):
        raise NotAllowed("Invalid API key provided: it must start with sk_test_.")


def _key_of(request: Request) -> str | None:
    authorization = request.authorization
    if authorization is None:
        return None
    return authorization.token if authorization.type == "bearer" else authorization.username
