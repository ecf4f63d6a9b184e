"""What the official's side does: the mailed link, the received button, files that come back."""
