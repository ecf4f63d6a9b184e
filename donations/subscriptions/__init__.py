"""Gifts that come back every month or year: how each stands with Stripe, and what the donor changes about it."""
