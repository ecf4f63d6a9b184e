"""The books: Stripe's balance compared with ours, what the accountant gets, and the journal."""
