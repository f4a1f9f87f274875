"""What changed between two periods, and how sure that is."""
