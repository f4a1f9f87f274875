"""Any figure taken apart, in the drawer or as a page."""
