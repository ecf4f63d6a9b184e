"""Held signatures, signals and invalidations in the office."""
