"""One person, one signature: rules, crowds, proofs of work, waves, and what organisers do about them."""
