"""The part under /v1 that programs speak to. A new kind of object is a module here with a `register` function."""

from flask import Blueprint, Response, g, request

from ..context import current
from ..errors import StripeError
from ..ids import new_id
from ..jsons import Json
from ..shapes import API_VERSION
from . import (
    balance,
    checkout,
    customers,
    endpoints,
    invoices,
    payment_intents,
    portal,
    reading,
    refunds,
    subscriptions,
    weather,
)
from .keys import demand_test_key

RESOURCES = (
    checkout, customers, payment_intents, subscriptions, invoices, refunds, portal, endpoints, reading, balance,
)  # fmt: skip

api = Blueprint("api", __name__, url_prefix="/v1")

for resource in RESOURCES:
    resource.register(api)


@api.before_request
def _identify() -> None:
    g.request_id = new_id("req", 14)
    weather.suffer(current().store)
    demand_test_key(request)


@api.after_request
def _name_request(response: Response) -> Response:
    response.headers["Request-Id"] = g.request_id
    response.headers["Stripe-Version"] = request.headers.get("Stripe-Version", API_VERSION)
    return response


@api.errorhandler(StripeError)
def _refuse(error: StripeError) -> tuple[Json, int]:
    return error.body(), error.status
