"""What was asked lately is asked again of what is published next."""
