"""What the pages of figures tell, asked of the engine: one module for each page."""
