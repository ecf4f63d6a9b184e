"""What became of a delivery outside: handed over, received, answered, corrected; and the clerk's links."""
