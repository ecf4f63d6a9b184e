"""Updates: news to those who asked for it, in batches, each mailbox once."""
