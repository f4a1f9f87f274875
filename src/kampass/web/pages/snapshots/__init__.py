"""What was known when."""
