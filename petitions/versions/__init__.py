"""The text of a petition through time and in several languages: what was changed and why, and what others read instead."""
