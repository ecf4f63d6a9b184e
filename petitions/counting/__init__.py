"""How many, told exactly and without giving anybody away."""
