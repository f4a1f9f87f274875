"""One account from every side."""
