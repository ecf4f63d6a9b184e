"""The donor's own page, reached by mailed links: gifts, receipts, changes of a regular gift, an address, a way out."""
