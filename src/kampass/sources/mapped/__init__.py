"""Other people's files: a mapping says what each canonical column is made of, and nothing is guessed."""

from kampass.sources.mapped.mapping import TableMapping, parse
from kampass.sources.mapped.source import MappedSource

__all__ = ["MappedSource", "TableMapping", "parse"]
