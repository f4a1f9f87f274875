"""Every part of a page once."""
