"""From what a source says to files of the journal: heard, gathered, compared, written."""
