"""Account managers side by side, fairly."""
