"""Search, as a page and in the palette."""
