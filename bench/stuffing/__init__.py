"""A replay drill: how many false signatures get through, and how many honest ones are held."""
