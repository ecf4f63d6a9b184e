"""Tax receipts: what organisers registered with which tax office, and the numbered receipts that follow from it."""
