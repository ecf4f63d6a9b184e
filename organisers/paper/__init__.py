"""Paper in the office: typing lines in, and importing them from a file."""
