"""Pages about figures: the whole, one KPI, why a number is what it is, what lies between two."""
