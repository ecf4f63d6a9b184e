"""What an organiser looks at every morning: what waits for a person, what is under way, the next dates, the numbers."""
