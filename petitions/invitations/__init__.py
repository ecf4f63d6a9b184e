"""Closed letters, organisations and notable people: who signs by invitation."""
