"""Records that a system hands out one by one, as JSON has them: a batch of them becomes a scan."""

import hashlib
import json
from collections.abc import Mapping, Sequence

from kampass.errors import UnknownName
from kampass.model import TABLES
from kampass.model.messages import Batch
from kampass.model.scan import Scan

Value = str | int | float | bool | None | Sequence["Value"] | Mapping[str, "Value"]


def batch(table: str, records: Sequence[Mapping[str, Value]], place: str) -> Batch:
    """Records of a canonical table, keyed by its columns; `place` is what a person is told they
    stand in. A column that no record names, or that is null, is empty; no record is no row;
    UnknownName where there is no such table.

    >>> batch("accounts", [{"id": "a", "name": "Ada", "is_test": False}], "page 1").scan.columns
    {'id': 'VARCHAR', 'name': 'VARCHAR', 'is_test': 'VARCHAR'}
    """
    import pyarrow as pa

    if table not in TABLES:
        raise UnknownName("table", table, TABLES)
    named = (name for record in records for name in record) if records else TABLES[table].names
    names = list(dict.fromkeys(named))
    cells = {
        name: pa.array([_text(record.get(name)) for record in records], pa.string())
        for name in names
    }
    said = json.dumps([table, [dict(record) for record in records]], sort_keys=True)
    return Batch(
        Scan(
            table,
            "SELECT * FROM records",
            dict.fromkeys(names, "VARCHAR"),
            hashlib.sha256(said.encode()).hexdigest(),
            place,
            objects={"records": pa.table(cells)},
        )
    )


def _text(value: Value) -> str | None:
    """A value as a CSV would have it; what is nested stays JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value)
