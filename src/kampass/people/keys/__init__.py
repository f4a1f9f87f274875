"""What opens the door without a password: sessions, API tokens, and links that work once."""
