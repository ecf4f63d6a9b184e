"""The check page: which delivery a file belongs to, and what may be said of it."""
