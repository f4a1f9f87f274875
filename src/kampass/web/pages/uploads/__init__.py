"""Several exports at once, from upload to load."""
