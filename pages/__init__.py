"""Public pages that join rooms."""
