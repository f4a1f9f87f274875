"""What a mapping means, however it is written: its digest changes where its rows would."""

import hashlib
import json
import re
from dataclasses import MISSING, fields, is_dataclass
from typing import Any

from kampass.intake.readers.formats import DateFormat

_NO_READING = {"place", "files", "written", "select_line", "keep", "zone"}
_CLOCK = re.compile("%[HI]")


def digest_of(mapping: object) -> str:
    """A digest of how a mapping reads the cells of a file; a zone counts where clocks are read."""
    said: dict[str, Any] = _meant(mapping)
    said["fillings"] = sorted(said["fillings"], key=lambda filling: filling["name"])
    for filling in said["fillings"]:
        forms = [form for form, _ in filling.get("date", ())]
        hung = "timezone" in filling and any(_CLOCK.search(form) for form in forms)
        if not (hung or any("%z" in form for form in forms)):
            filling.pop("home", None)
    said["select"] = " ".join((said.get("select") or "").split())
    text = json.dumps(
        {key: said[key] for key in said if key not in _NO_READING}, sort_keys=True, default=str
    )
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _meant(value: Any) -> Any:
    """A value of settings without what is as usual, so that a key that comes to them later changes
    nothing where it is not written.
    """
    if isinstance(value, DateFormat):
        return [value.text, value.pivot]
    if isinstance(value, tuple):
        return [_meant(part) for part in value]
    if not is_dataclass(value):
        return value
    return {
        part.name: _meant(getattr(value, part.name))
        for part in fields(value)
        if part.default is MISSING or getattr(value, part.name) != part.default
    }
