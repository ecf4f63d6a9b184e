"""Packs: a delivery's files, frozen once and kept sealed until they expire."""
