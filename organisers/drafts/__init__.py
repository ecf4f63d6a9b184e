"""Cases and petitions of other systems, from a file into drafts: understood, shown, made at once, and taken back."""
