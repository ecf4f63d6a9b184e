"""The one type that goes everywhere: a JSON object as Stripe's API shows or takes it."""

from typing import Any

Json = dict[str, Any]
