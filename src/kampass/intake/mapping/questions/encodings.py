"""Which encoding a file is in that is not UTF-8: asked with its lines as each usual one reads
them.
"""

from collections.abc import Collection
from pathlib import Path

from kampass.intake.mapping.questions.values import ColumnReading, OpenQuestion

LIKELY = "windows-1252"
_USUAL = (LIKELY, "mac-roman", "cp850")
_LONGEST = 80


def asked_encoding(table: str, file: Path, lines: Collection[int], start: int) -> OpenQuestion:
    """The question about a file whose lines of these numbers do not read; a line is called by its
    number from `start`.
    """
    with file.open("rb") as stream:
        raw = {
            number: line.strip()[:_LONGEST]
            for number, line in enumerate(stream, start=1)
            if number in lines
        }
    shown = {name: tuple(line.decode(name, "replace") for line in raw.values()) for name in _USUAL}
    readings = tuple(ColumnReading(texts, f'encoding = "{name}"') for name, texts in shown.items())
    examples = tuple(
        (start + number, line.decode("utf-8", "replace")) for number, line in raw.items()
    )
    what = "it is not UTF-8: which encoding is it in? (any of Python's names)"
    return OpenQuestion(table, "encoding", file.name, what, examples, readings)
