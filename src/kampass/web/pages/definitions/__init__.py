"""Pages about definitions: the catalogue and its editor."""
