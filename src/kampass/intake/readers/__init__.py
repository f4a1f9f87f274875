"""Files as rows of text: one reader a format, nothing guessed."""
