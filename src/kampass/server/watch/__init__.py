"""What whoever runs the server sees of it: health, readiness, measures, and a line per request."""
