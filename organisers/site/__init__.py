"""The site's own page: who runs it, what it says of itself, and whether it is fit to go live."""
