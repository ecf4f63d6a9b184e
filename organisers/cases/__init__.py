"""Cases in the office."""
