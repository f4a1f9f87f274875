"""Spans whose last day is written, where the day after is meant: told, and never mended here.

A line that ends on 31 March and is followed by one that begins on 1 April leaves a day unpaid: its
account is lost in March and comes back in April.
"""

from collections.abc import Iterator

from kampass.intake.readers.memory import in_memory
from kampass.model import TABLES
from kampass.model.conform import quoted
from kampass.model.messages import Batch, Message, Notice, TableSource, whole
from kampass.model.scan import Scan

_WHOSE = ("account_id", "user_id")


def read_whole(source: TableSource) -> Iterator[Message]:
    """Every table of a source, each as a whole, with a word on what may be read otherwise than it
    was meant, such as last days.
    """
    for message in whole(source):
        yield message
        if isinstance(message, Batch):
            told = (*message.scan.doubts, last_days(message.scan))
            yield from (Notice(f"{message.scan.table}: {word}") for word in told if word)


def last_days(scan: Scan) -> str:
    """A word where lines end on the day before the next of their account begins, and more of them
    do than end on the day itself; nothing where they do not.
    """
    table = TABLES[scan.table]
    whose = next((name for name in _WHOSE if name in scan.columns and table.has(name)), "")
    if not (whose and {"valid_from", "valid_to"} <= scan.columns.keys()):
        return ""
    begins, ends = (
        f"TRY_CAST(CAST({quoted(name)} AS VARCHAR) AS DATE)" for name in ("valid_from", "valid_to")
    )
    lines = f"SELECT {quoted(whose)} AS w, {begins} AS b, {ends} AS e FROM ({scan.relation})"
    follows = f"SELECT e, lead(b) OVER (PARTITION BY w ORDER BY b, e) AS n FROM ({lines})"
    counted = (
        f"SELECT count(*) FILTER (WHERE n = e + 1), count(*) FILTER (WHERE n = e) FROM ({follows})"
    )
    with in_memory(scan.objects) as connection:
        before, on = connection.execute(counted).fetchall()[0]
    if before <= on:
        return ""
    column = scan.origin.get("valid_to", "valid_to")
    return (
        f"{before:,} lines end on the day before the next of their account begins: is the last day "
        f'written in {column}? Then write valid_to = {{ column = "{column}", inclusive = true }}'
    )
