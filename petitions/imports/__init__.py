"""Signatures taken over from another system: stored sealed, counted apart, and never called confirmed (ADR 0028)."""
