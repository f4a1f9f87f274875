"""What people make: notes, saved questions, dashboards."""
