"""Regular expressions as people write them, matched by RE2, whose time grows with the text alone:
what cannot be matched so is refused, and no pattern brings reading to a halt.
"""

from kampass.intake.readers.memory import ask
from kampass.model.conform import literal

LONGEST = 1000


def trouble_with(pattern: str) -> str:
    """Why a pattern cannot be matched; nothing where it can.

    >>> trouble_with("^([0-9]+)"), trouble_with("(?=a)")
    ('', 'invalid perl operator: (?=')
    """
    import duckdb

    if len(pattern) > LONGEST:
        return f"it is longer than {LONGEST:,} letters"
    try:
        ask(f"SELECT regexp_matches('', {literal(pattern)})")
    except duckdb.Error as wrong:
        return str(wrong).split("\n")[0].rpartition("Error: ")[2]
    return ""
