"""What changed between two figures."""
