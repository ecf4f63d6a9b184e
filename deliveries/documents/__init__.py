"""What goes with a list on paper: the letter with its cover sheet, the annex, the method sheet."""
