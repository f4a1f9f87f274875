"""How snapshots are built from the journal, prepared for questions, and published."""
