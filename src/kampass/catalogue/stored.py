"""Definitions as texts that are kept beside what was published under them, and read back.

Only what can change an answer counts: neither the place of a definition nor its worked examples.
"""

import json
from dataclasses import MISSING, fields
from typing import Any

from kampass.catalogue.definition import Kpi, Measure
from kampass.catalogue.loader import Catalogue
from kampass.errors import DefinitionError

_ASIDE = {"place", "examples"}


def catalogue_text(catalogue: Catalogue) -> str:
    """Every definition, by id, as JSON that `definitions` reads back."""
    return written({kpi.id: definition(kpi) for kpi in catalogue})


def definition(kpi: Kpi) -> dict[str, Any]:
    """What a definition says that is neither its place nor its proof, ready for JSON."""
    return {name: plain(value) for name, value in vars(kpi).items() if name not in _ASIDE}


def definitions(text: str) -> Catalogue:
    """The catalogue of such a text; DefinitionError where it speaks a language this version does
    not know.
    """
    return Catalogue({kpi_id: _kpi(kpi_id, entry) for kpi_id, entry in json.loads(text).items()})


def _kpi(kpi_id: str, entry: dict[str, Any]) -> Kpi:
    known = {field.name: field for field in fields(Kpi)}
    needed = {
        name
        for name, field in known.items()
        if field.default is MISSING and field.default_factory is MISSING
    }
    if entry.keys() - known.keys() or needed - entry.keys():
        raise DefinitionError(
            f"The stored definition of '{kpi_id}' was written by another version of Kampass.",
            hint="Upgrade Kampass, or compare with a folder.",
        )
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()
    }
    # What was stored as a flag spoke of the previous period.
    if isinstance(values.get("window_covered"), bool):
        values["window_covered"] = "previous" if values["window_covered"] else None
    values["measures"] = {name: Measure(**measure) for name, measure in entry["measures"].items()}
    return Kpi(**values, place=f"stored definition ({kpi_id})")


def plain(value: Any) -> Any:
    """A value as JSON has it; what JSON has no type for, as text."""
    if isinstance(value, Measure):
        return plain(vars(value))
    if isinstance(value, dict):
        return {str(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def written(values: dict[str, Any]) -> str:
    """Plain values as the text that a digest is taken of."""
    return json.dumps(values, ensure_ascii=False, sort_keys=True)
