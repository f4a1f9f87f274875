"""What is missing or in doubt in a whole snapshot, whatever is asked of it, in sentences."""

from collections.abc import Iterator

from kampass.engine.engine import Engine
from kampass.insight.notes.kept import KeptForNotes
from kampass.model import TABLES
from kampass.periods import spoken


def replaced(engine: Engine) -> Iterator[str]:
    """Rows of one source that took the place of another's with the same key."""
    found = engine.backend.run(
        'SELECT "table", source, other, count(*) FROM _replaced GROUP BY ALL ORDER BY ALL'
    )
    for table, source, other, rows in found.all():
        key = "id" if TABLES[table].key == ("id",) else "key"
        one = f"1 row of '{source}' has the {key} of another row of '{other}', which no longer"
        many = f"{rows:,} rows of '{source}' have the {key}s of other rows of '{other}', which no"
        told = f"{one} counts" if rows == 1 else f"{many} longer count"
        yield f"{table}: {told}; 'kampass doctor' says which, and what to do"


def doubts(engine: Engine) -> Iterator[str]:
    """Old exports, amounts without a rate, payers' time that is marked as trial."""
    kept = KeptForNotes(engine)
    for table, stretches in sorted(engine.coverage.stretches.items()):
        if stretches[-1].stale:
            known = spoken(engine.settings.calendar.last_date_before(stretches[-1].end))
            yield f"{table} known to {known}; the file may be older than its load"
    for currency, (day, rows) in kept.no_rate(TABLES.keys()).items():
        amounts = "an amount" if rows == 1 else f"{rows:,} amounts"
        yield f"{currency} has no rate on {spoken(day)}: {amounts} without a value"
    if trials := kept.trials:
        who = "a payer's month is" if trials == 1 else f"{trials:,} payers' months are"
        yield f"{who} marked as trial: churn when it begins, reactivation when it ends"
