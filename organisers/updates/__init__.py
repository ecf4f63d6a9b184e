"""The office: updates to those who asked for news."""
