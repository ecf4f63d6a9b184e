"""What organisers hand over: columns and file formats."""
