"""What is wrong with Stripe's keys, as sentences that tell what to do; no key or secret is ever repeated in one."""

import re
from collections.abc import Iterator

KEY = re.compile(r"(sk|rk)_(live|test)_\w+", re.ASCII)
WEBHOOK_SECRET = re.compile(r"whsec_[\w+/=-]+", re.ASCII)
SHORTEST_LIVE = len("whsec_") + 24  # Stripe's own have 32 and more: whoever guesses one makes gifts out of nothing


def faults(key: str, webhook_secrets: tuple[str, ...], api_base: str | None, *, loopback: bool) -> Iterator[str]:
    """Why a site must not start with this key; `loopback`: only its own machine reaches it."""
    live = is_live(key)
    if not KEY.fullmatch(key):
        yield f"STRIPE_SECRET_KEY is {_named(key)}: copy the secret key (sk_… or rk_…) from Stripe, Developers, API keys."
    if not webhook_secrets:
        yield (
            "STRIPE_SECRET_KEY is set without STRIPE_WEBHOOK_SECRETS: no gift could ever be confirmed. "
            "Copy the signing secret (whsec_…) of your webhook endpoint from Stripe."
        )
    if not all(WEBHOOK_SECRET.fullmatch(secret) for secret in webhook_secrets):
        yield "STRIPE_WEBHOOK_SECRETS holds what is no signing secret: one begins with whsec_; copy it from your endpoint."
    if live and any(len(secret) < SHORTEST_LIVE for secret in webhook_secrets):
        yield "STRIPE_WEBHOOK_SECRETS holds a secret too short for a live key: copy the whole text from your endpoint."
    if live and api_base:
        yield "STRIPE_API_BASE is for test keys only; remove it, or use an sk_test_ key."
    if not live and not loopback:
        yield (
            "STRIPE_SECRET_KEY is a test key at a site that others can reach: nobody would be charged for a gift. Set the "
            "live key and its webhook secret, or take both out, of settings.env in the data folder too: giving is off then."
        )


def is_live(key: str | None) -> bool:
    """Whether real money moves with this key."""
    return key is not None and key.startswith(("sk_live_", "rk_live_"))


def _named(key: str) -> str:
    return "a publishable key" if key.startswith("pk_") else "no secret key of Stripe's"
