"""One file for each migration; each names the one before it."""
