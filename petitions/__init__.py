"""Petitions, submissions, signatures and tallies."""
