"""The documentation, and the check that it is true."""
