"""How figures are said, drawn and carried away: words, charts, files."""
