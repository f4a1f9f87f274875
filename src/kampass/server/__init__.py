"""HTTP itself: the application, who may call, limits, problems, signing in."""
