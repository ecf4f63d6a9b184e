"""A case in other languages: its own texts, those of its people and events."""
