"""Pages about data: loads, uploads, what was set aside, snapshots."""
