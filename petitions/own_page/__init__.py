"""A signatory's own page, reached by mailed links."""
