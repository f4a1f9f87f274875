"""Dashboards: lists, tiles, editing."""
