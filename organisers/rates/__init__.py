"""Dated exchange rates in the office."""
