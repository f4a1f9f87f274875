"""Long work as rows: asked for, done by one runner, told of, alive after a restart."""
