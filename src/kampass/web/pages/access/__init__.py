"""Everybody's sessions and API tokens."""
