"""Invitations in the office."""
