"""The public log of a petition: salted hashes of the lines that its recipients may be given, and signed checkpoints."""
