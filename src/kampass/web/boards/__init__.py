"""Dashboards: their tiles and places as values, what each tile shows to whoever looks, and good ones to begin with."""
