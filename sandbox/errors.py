"""What the sandbox refuses, worded and numbered as Stripe's API does."""

from .jsons import Json


class StripeError(Exception):
    """An answer that is not 2xx; `status` is its HTTP status."""

    type = "api_error"
    status = 500

    def __init__(self, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code

    def body(self) -> Json:
        """The JSON body that goes with the status."""
        error = {"type": self.type, "message": self.message, "param": self.param, "code": self.code}
        return {"error": {name: value for name, value in error.items() if value is not None}}


class InvalidRequest(StripeError):
    """A parameter is wrong, missing, unknown or does not fit the object's state."""

    type = "invalid_request_error"
    status = 400


class NotAllowed(InvalidRequest):
    """The key is missing, malformed or a live one."""

    status = 401


class TurnedAway(InvalidRequest):
    """Whatever was asked: the key is not taken (401), may not do this (403), or asks too much at once (429)."""

    WORDS = {
        401: ("Invalid API Key provided.", None),
        403: ("The provided key does not have the required permissions for this endpoint.", None),
        429: ("Request rate limit exceeded.", "rate_limit"),
    }

    def __init__(self, status: int) -> None:
        message, code = self.WORDS[status]
        super().__init__(message, code=code)
        self.status = status


class NoSuchObject(InvalidRequest):
    """Nothing here has this id."""

    status = 404

    def __init__(self, kind: str, object_id: str) -> None:
        super().__init__(f"No such {kind}: '{object_id}'", param="id", code="resource_missing")


class NoSuchAddress(InvalidRequest):
    """The sandbox has no such route."""

    status = 404


class IdempotencyMismatch(StripeError):
    """An idempotency key came back with other parameters."""

    type = "idempotency_error"
    status = 400


class CardError(StripeError):
    """A charge was refused. What led to it has happened, so the transaction is kept."""

    type = "card_error"
    status = 402

    def __init__(self, problem: Json, intent: Json | None = None) -> None:
        super().__init__(problem["message"], code=problem["code"])
        self.problem = problem
        self.intent = intent

    def body(self) -> Json:
        """The refusal with the intent that may be tried again."""
        return {"error": self.problem | ({"payment_intent": self.intent} if self.intent else {})}
