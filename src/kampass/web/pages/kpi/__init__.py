"""One KPI from every side."""
