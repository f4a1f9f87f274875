"""What became of figures that had been given: by later rows, by other definitions, by one load."""
