"""Cases, the people held, and what happened to them."""
