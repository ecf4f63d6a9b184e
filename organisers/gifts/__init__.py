"""Gifts in the office: found, looked at, refunded, contested; gifts outside Stripe; the wall; levels of patrons."""
