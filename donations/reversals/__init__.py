"""Money that goes back: refunds, and payments that a donor's bank contests."""
