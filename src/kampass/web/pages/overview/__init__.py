"""A leader's home."""
