"""Writes a mapping into `kampass.toml`, in place of what it said of that table; everything else in
the file stays as it stands.
"""

import os
import threading
from pathlib import Path
from typing import Any

from kampass.errors import DataError
from kampass.intake.mapping.mapping import parse
from kampass.workspace.settings import FILE


def text_of(folder: Path) -> str:
    """The settings file as it stands."""
    return (folder / FILE).read_text(encoding="utf-8")


def map_table(folder: Path, source: str, table: str, said: dict[str, Any], *, path: str) -> None:
    """Write how a table of a mapped source is read; `path` is where a source that is not there yet
    has its files.
    """
    import tomlkit

    parse(f"[sources.{source}]", table, said)
    document = tomlkit.parse(text_of(folder))
    sources = document.setdefault("sources", tomlkit.table(is_super_table=True))
    if source not in sources:
        made = tomlkit.table()
        made.update({"kind": "mapped", "path": path, "tables": tomlkit.table(is_super_table=True)})
        sources[source] = made
    elif sources[source].get("path") != path:
        raise DataError(
            f"The source '{source}' is not made of uploads.",
            code="source_taken",
            hint="Choose another name.",
        )
    sources[source]["tables"][table] = _table(said)
    replace_text(folder, tomlkit.dumps(document))


def replace_text(folder: Path, text: str) -> None:
    """Put another text in the settings file's place, whole or not at all."""
    part = folder / f".{FILE}.{os.getpid()}-{threading.get_ident()}"
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(folder / FILE)
    finally:
        part.unlink(missing_ok=True)


def _table(said: dict[str, Any]) -> Any:
    import tomlkit

    written, columns = tomlkit.table(), tomlkit.table()
    written.update({key: value for key, value in said.items() if key != "columns"})
    for name, what in said["columns"].items():
        columns[name] = _inline(what) if isinstance(what, dict) else what
    columns.add(tomlkit.nl())
    written["columns"] = columns
    return written


def _inline(what: dict[str, Any]) -> Any:
    """Keys in one line, those within them too."""
    import tomlkit

    line = tomlkit.inline_table()
    line.update(
        {key: _inline(value) if isinstance(value, dict) else value for key, value in what.items()}
    )
    return line
