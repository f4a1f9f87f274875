"""What was loaded, what is missing."""
