"""One's own account, and what holds for the workspace."""
