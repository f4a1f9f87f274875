"""A Parquet file as rows of text; what its columns are typed as is known of each cell. A row's line
is its number from 1.
"""

import hashlib
from functools import partial
from pathlib import Path

from kampass.intake.readers.memory import ask, columns_of
from kampass.intake.readers.raw import RawTable, as_text, unique
from kampass.intake.readers.scratch import lines_of
from kampass.model.conform import literal, quoted
from kampass.model.scan import FileCount


def open_parquet(file: Path) -> RawTable:
    """A Parquet file; DataError where any of it cannot be read."""
    source = f"read_parquet({literal(str(file))}, file_row_number = true)"
    kinds = columns_of(f"SELECT * EXCLUDE (file_row_number) FROM {source}", file)
    cells = [
        f"{as_text(quoted(name), kind)} AS c{index}, {str(kind != 'VARCHAR').lower()} AS t{index}"
        for index, (name, kind) in enumerate(kinds.items())
    ]
    base = f"SELECT {', '.join([*cells, 'file_row_number + 1 AS _line'])} FROM {source}"
    ((rows,),) = ask(f"SELECT count(*) FROM ({base})")
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return RawTable(
        file.name,
        unique(list(kinds)),
        base,
        partial(str, base),
        partial(lines_of, base),
        digest,
        "Parquet",
        flags=True,
        header_row=0,
        counts=(FileCount(file.name, rows),),
    )
