"""Clocks, holds and erasing in the office."""
