"""What was set aside."""
