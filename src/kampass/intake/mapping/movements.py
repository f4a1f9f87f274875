"""A log of MRR movements as subscriptions: each day of the log ends what an account paid so far and
begins what it pays from then on.

An amount is what MRR changes by. Its movement says in which direction, so its sign does not matter,
and a cancellation ends everything, whatever its amount. Accounts are told apart by product and
currency too, where the log names them.
"""

from kampass.intake.mapping.mapping import TableMapping
from kampass.intake.readers.formats import mark
from kampass.model.conform import literal, quoted

_UP = "'new', 'upgrade', 'reactivation'"
_OF = {"mrr": "amount", "valid_from": "on", "valid_to": "on", "id": "on"}
"""Which column of the log each of a subscription comes from; the others have the same name."""


def lines_of_log(mapping: TableMapping) -> dict[str, str]:
    """The columns of subscriptions that a log fills, each with the log's column it comes from."""
    names = {filling.name for filling in mapping.fillings}
    kept = [name for name in ("account_id", "product_id", "currency") if name in names]
    return {"id": _OF["id"]} | {name: name for name in kept} | _OF


def subscriptions(mapping: TableMapping, rows: str) -> str:
    """The SQL of subscriptions over the SQL of a log's canonical rows, which have `_line`.

    A row of the log that does not read becomes one that does not read either, at its own line.
    """
    columns = lines_of_log(mapping)
    parts = ", ".join(quoted(name) for name in columns if name not in _OF)
    whole = (
        "account_id IS NOT NULL AND movement IS NOT NULL AND _on IS NOT NULL AND (_amount IS NOT "
        "NULL OR movement = 'cancel')"
    )
    read = (
        f'SELECT *, TRY_CAST("on" AS DATE) AS _on, TRY_CAST(amount AS DECIMAL(18, 6)) AS _amount, '
        f"{_torn(mapping)} AS _torn FROM ({rows})"
    )
    good = f"SELECT * FROM ({read}) WHERE NOT _torn AND {whole}"
    bad = f"SELECT * FROM ({read}) WHERE _torn OR NOT ({whole})"
    return f"{_paid(mapping, parts, good)} UNION ALL {_set_aside(columns, bad)} ORDER BY _line"


def _torn(mapping: TableMapping) -> str:
    """The SQL that is true of a row with a marked cell."""
    marked = (
        f"coalesce(starts_with({quoted(filling.name)}, chr(0)), false)"
        for filling in mapping.fillings
    )
    return f"({' OR '.join(marked)})"


def _paid(mapping: TableMapping, parts: str, good: str) -> str:
    """What an account pays from the last movement of each day until its next day."""
    columns = lines_of_log(mapping)
    named = [filling.name for filling in mapping.fillings if filling.columns]
    apart = [name for name in ("product_id", "currency") if name in named]
    change = f"CASE WHEN movement IN ({_UP}) THEN abs(_amount) WHEN movement = 'cancel' THEN 0 ELSE"
    order = "ORDER BY _on, _line ROWS UNBOUNDED PRECEDING"
    runs = (
        f"SELECT *, {change} -abs(_amount) END AS _change, count(*) FILTER (WHERE movement = "
        f"'cancel') OVER (PARTITION BY {parts} {order}) AS _run FROM ({good})"
    )
    levels = (
        f"SELECT *, sum(_change) OVER (PARTITION BY {parts}, _run {order}) AS _mrr, lead(_on) OVER "
        f"(PARTITION BY {parts} ORDER BY _on, _line) AS _then FROM ({runs})"
    )
    days = (
        f"SELECT *, lead(_on) OVER (PARTITION BY {parts} ORDER BY _on) AS _until FROM ({levels}) "
        "WHERE _then IS NULL OR _then > _on"
    )
    keys = ["account_id", *(f"coalesce({name}, '')" for name in apart)]
    told = " || '/' || ".join([*(f"replace({key}, '/', '//')" for key in keys), '"on"'])
    values = {
        "id": told,
        "mrr": "CAST(_mrr AS VARCHAR)",
        "valid_from": "CAST(_on AS VARCHAR)",
        "valid_to": "CAST(_until AS VARCHAR)",
    }
    return f"SELECT {_cells(columns, values)} FROM ({days}) WHERE _mrr <> 0"


def _set_aside(columns: dict[str, str], bad: str) -> str:
    """A row of the log that does not read: its movement and its amount stand where MRR would."""
    no_movement = mark("coalesce(amount, '')", literal("says no movement"))
    no_amount = mark("movement", literal("has no amount"))
    values = {
        "id": "'line ' || _line",
        "mrr": (
            f"CASE WHEN movement IS NULL THEN {no_movement} WHEN starts_with(movement, chr(0)) "
            f"THEN movement WHEN amount IS NULL THEN {no_amount} ELSE amount END"
        ),
        "valid_from": '"on"',
        "valid_to": "NULL",
    }
    return f"SELECT {_cells(columns, values)} FROM ({bad})"


def _cells(columns: dict[str, str], values: dict[str, str]) -> str:
    """Each column's value, and beside it what stood in the log."""
    cells = []
    for name, of in columns.items():
        cells += [
            f"CAST({values.get(name, quoted(name))} AS VARCHAR) AS {quoted(name)}",
            f"{quoted('raw:' + of)} AS {quoted('raw:' + name)}",
        ]
    return ", ".join([*cells, "_line"])


def first_movements(mapping: TableMapping, rows: str) -> str:
    """The SQL of how many accounts begin with a movement that nothing can begin with, and of the
    first of them.
    """
    parts = ", ".join(quoted(name) for name in lines_of_log(mapping) if name not in _OF)
    begun = (
        f'SELECT account_id, arg_min(movement, ("on", _line)) AS _first, min(_line) AS _line FROM '
        f"({rows}) WHERE NOT {_torn(mapping)} GROUP BY {parts}, account_id"
    )
    return f"SELECT count(*), arg_min(account_id, _line) FROM ({begun}) WHERE _first NOT IN ('new')"
