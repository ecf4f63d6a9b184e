"""What organisers turn while the site runs."""
