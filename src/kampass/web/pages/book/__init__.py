"""Pages about accounts and those who look after them."""
