"""Comments on cases and messages of solidarity to the people held: written by anybody, shown once an organiser approved."""
