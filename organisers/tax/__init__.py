"""Tax receipts in the office: what we are registered as with tax offices, and the receipts that were issued."""
