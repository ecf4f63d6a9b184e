"""Gifts: what donors intended and what Stripe says came of it."""
