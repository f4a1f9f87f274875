"""What reading the shipped definitions comes to, kept beside them in `compiled.json`, so that a
question reads neither 111 definitions nor parses their expressions again.

It is ours, written by `python -m docs.check --write` and held true by a test. Where a definition,
or the code that reads them, has changed since, it is passed over and everything is read anew: it
can be stale, but never wrong. An expression is looked up by its whole text and the kinds of the
columns it reads, which is all that parsing it depends on; every other one, and so whatever else a
workspace writes, is parsed and checked. JSON, for a change of it can be read.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from kampass.catalogue.definition import Kpi, Measure

FILE = Path(__file__).with_name("compiled.json")
DEFINITIONS = Path(__file__).with_name("definitions")
Form = Literal["conditions", "aggregates"]


def digest() -> str:
    """A digest of the definitions and of the code that reads them."""
    code = [*sorted(FILE.parent.glob("*.py")), FILE.parents[1] / "conditions.py"]
    files = [*sorted(DEFINITIONS.glob("*.yaml")), *code]
    found = hashlib.sha256()
    for file in files:
        content = file.read_bytes()
        found.update(f"{file.name} {len(content)}\n".encode() + content)
    return found.hexdigest()


def kpis() -> list[Kpi] | None:
    """The shipped definitions, in their order; None where they must be read."""
    written = _written().get("kpis")
    return None if written is None else [_kpi(**values) for values in written]


def expression(form: Form, text: str, columns: Mapping[str, str]) -> dict[str, Any] | None:
    """What a condition or an aggregate comes to over columns of these kinds; None where it must be
    parsed.
    """
    return fitting(_written().get(form, {}).get(text, ()), columns)


def fitting(entries: Iterable[dict[str, Any]], columns: Mapping[str, str]) -> dict[str, Any] | None:
    """The entry that was made of columns of these kinds."""
    fits = (
        entry
        for entry in entries
        if all(columns.get(name) == kind for name, kind in entry["kinds"].items())
    )
    return next(fits, None)


def formula(text: str) -> str | None:
    """A formula's SQL, its measures in braces; None where it must be parsed."""
    found: str | None = _written().get("formulas", {}).get(text)
    return found


@lru_cache(maxsize=1)
def _written() -> dict[str, Any]:
    try:
        written: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return written if written["of"] == digest() else {}


def _kpi(measures: dict[str, Any], **written: Any) -> Kpi:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in written.items()
    }
    named = {name: Measure(**measure) for name, measure in measures.items()}
    return Kpi(measures=named, **values)
