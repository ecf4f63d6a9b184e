"""The books: what Stripe's balance says against what this site says, and what the accountant gets."""
