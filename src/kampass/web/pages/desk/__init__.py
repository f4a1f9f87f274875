"""Pages about what people make: dashboards, notes, saved questions; and finding things."""
