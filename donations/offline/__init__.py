"""Gifts that came outside Stripe: bank transfers and cash that the treasurer enters."""
