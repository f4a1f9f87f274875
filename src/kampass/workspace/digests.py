"""What today's settings and definitions are, as texts and their digests: equal digests, equal
rules.

Only what can change an answer counts. A comment in `kampass.toml`, another source, the place of a
definition in its file or one more worked example leave the digests as they are.
"""

import hashlib
import json
from dataclasses import MISSING, asdict, fields
from typing import Any

from kampass.catalogue import Catalogue, Kpi, Measure
from kampass.engine import BusinessCalendar
from kampass.errors import DefinitionError
from kampass.workspace.settings import WorkspaceSettings

LENGTH = 16
_ASIDE = {"place", "examples"}


def digest(text: str) -> str:
    """The digest of a text, sixteen hex digits."""
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def settings_text(settings: WorkspaceSettings) -> str:
    """What the settings say that changes answers: time zone, currency, weeks, fiscal year, business
    calendars.
    """
    engine = settings.engine
    calendars = {calendar.name: _plain(calendar) for calendar in engine.business}
    return _written(asdict(engine.calendar) | {"currency": engine.currency, "calendars": calendars})


def catalogue_text(catalogue: Catalogue) -> str:
    """Every definition, by id, as JSON that `definitions` reads back."""
    return _written({kpi.id: definition(kpi) for kpi in catalogue})


def definition(kpi: Kpi) -> dict[str, Any]:
    """What a definition says that is neither its place nor its proof, ready for JSON."""
    return {name: _plain(value) for name, value in vars(kpi).items() if name not in _ASIDE}


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
    values["measures"] = {name: Measure(**measure) for name, measure in entry["measures"].items()}
    return Kpi(**values, place=f"stored definition ({kpi_id})")


def _written(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False, sort_keys=True)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a YAML file may hold
    if isinstance(value, Measure | BusinessCalendar):
        return _plain(vars(value))
    if isinstance(value, dict):
        return {str(key): _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)
