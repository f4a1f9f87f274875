"""Pages about coming in: signing in, settings, people, tokens, the audit log."""
