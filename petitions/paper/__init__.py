"""Signatures on paper: the printed sheet, and the lines that come back."""
