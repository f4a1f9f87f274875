"""Definitions broken on purpose: their worked examples must notice."""
