"""Attacks on the real application: every route, every role, every text of the model."""
