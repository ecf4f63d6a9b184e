"""Which mailbox an address means, and what is known of its domain."""
