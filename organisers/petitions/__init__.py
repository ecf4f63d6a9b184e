"""Petitions in the office: their words, recipients and parts."""
