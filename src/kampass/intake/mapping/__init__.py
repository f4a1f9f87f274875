"""Other people's files: a mapping says what each canonical column is made of, and nothing is
guessed.
"""

from kampass.intake.mapping.mapping import TableMapping, parse
from kampass.intake.mapping.source import MappedSource

__all__ = ["MappedSource", "TableMapping", "parse"]
