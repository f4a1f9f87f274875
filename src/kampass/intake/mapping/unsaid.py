"""What a mapping does not say although its file does: a word for whoever reads the preview."""

from kampass.intake.mapping.intervals import INTERVALS
from kampass.intake.mapping.mapping import TableMapping
from kampass.intake.readers.memory import ask
from kampass.intake.readers.raw import RawTable

_ROWS = 1_000
_WIDEST = 500
_SHORTEST = 3


def intervals_unsaid(raw: RawTable, mapping: TableMapping) -> tuple[str, ...]:
    """A word where MRR is taken as it stands, and a column beside it says that amounts are for
    something else than a month.
    """
    plain = next(
        (one for one in mapping.fillings if one.name == "mrr" and one.columns and not one.per), None
    )
    if plain is None or len(raw.headers) > _WIDEST:
        return ()
    cells = ", ".join(
        f"list_distinct(list(nullif(lower(trim(c{at})), '')))" for at in range(len(raw.headers))
    )
    (found,) = ask(f"SELECT {cells} FROM (SELECT * FROM ({raw.relation}) LIMIT {_ROWS})")
    column = plain.columns[0]
    return tuple(
        f"'{header}' holds {', '.join(sorted(words))}, and mrr is taken from '{column}' as it "
        "stands: is that an amount for a month? Else write mrr = "
        f'{{ column = "{column}", per = {{ column = "{header}"{_with_count(header, raw)} }} }}'
        for header, words in zip(raw.headers, found, strict=True)
        if words and _are_intervals([str(word) for word in words])
    )


def quantity_unsaid(raw: RawTable, mapping: TableMapping) -> tuple[str, ...]:
    """A word where amounts become MRR by their interval alone, and there are several of a thing."""
    of = {one.name: one for one in mapping.fillings if one.columns}
    mrr, quantity = of.get("mrr"), of.get("quantity")
    if not (mrr and quantity and mrr.per and not mrr.times and mrr.columns != quantity.columns):
        return ()
    header = quantity.columns[0]
    cell = f"c{raw.headers.index(header)}" if header in raw.headers else "NULL"
    several = f"TRY_CAST({cell} AS DOUBLE) > 1"
    ((rows,),) = ask(f"SELECT count(*) FILTER (WHERE {several}) FROM ({raw.relation})")
    told = (
        f"'{header}' is more than 1 in {rows:,} rows, and mrr does not multiply by it: is "
        f"'{mrr.columns[0]}' for all of them? Else add times = \"{header}\" to mrr"
    )
    return (told,) if rows else ()


def _with_count(header: str, raw: RawTable) -> str:
    """The column that says how many intervals, where one is called so."""
    found = [name for name in raw.headers if name.casefold() == f"{header} count".casefold()]
    return f', count = "{found[0]}"' if found else ""


def _are_intervals(words: list[str]) -> bool:
    """Whether all of them are words for an interval, and one of them is no month."""
    known = {word: ratio for ratio, several in INTERVALS.items() for word in several}
    ratios = {known.get(word) if len(word) >= _SHORTEST else None for word in words}
    return None not in ratios and ratios != {(1, 1)}
