"""What the person who runs the site does: demo case, doctor, backup and restore."""
