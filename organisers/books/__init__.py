"""The books in the office: payouts, their checks, and the accountant's files."""
