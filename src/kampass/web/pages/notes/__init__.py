"""Notes beside a number."""
