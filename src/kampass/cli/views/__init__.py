"""How answers, explanations and reports look in a terminal, and as JSON and CSV."""
