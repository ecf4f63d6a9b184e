"""The public wall of supporters: who wished to be named, what an organiser approved, and the levels of patrons."""
