"""Gifts in the office: found, looked at, refunded, contested."""
