"""A file, from upload to load."""
