"""What the KPIs are."""
