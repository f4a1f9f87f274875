"""An account manager's morning: who needs them, and why."""
