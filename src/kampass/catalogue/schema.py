"""The JSON Schema of definition files, for editors: made from the same lists that the reader
checks.
"""

from typing import Any

from kampass.catalogue.definition import OWN_DIMENSIONS
from kampass.catalogue.loader import CHOICES, MEASURE_KEYS, OPTIONAL, REQUIRED
from kampass.facts.fact import WINDOWS
from kampass.model import TABLES

_TEXTS = {"type": "array", "items": {"type": "string"}}
_SHAPES: dict[str, dict[str, Any]] = {
    "scale": {"type": "number"},
    "provisional_days": {"type": "integer", "minimum": 1},
    "suppress_below": {"type": "integer", "minimum": 2},
    "version": {"type": "integer", "minimum": 1},
    "window_covered": {"enum": ["previous"]},
    "cadence": {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("collect", "review", "deep_dive")},
        "additionalProperties": False,
    },
    "needs": {"type": "array", "items": {"enum": list(TABLES)}},
    "dimensions": {"type": "array", "items": {"enum": ["account", "team", *OWN_DIMENSIONS]}},
    "examples": {"type": "array", "items": {"type": "object", "required": ["expect"]}},
    **dict.fromkeys(("synonyms", "aliases", "traps", "references", "whole"), _TEXTS),
}


def schema() -> dict[str, Any]:
    """The schema of one YAML file of definitions."""
    measure = {
        "oneOf": [
            {"type": "string"},
            {
                "type": "object",
                "required": ["of"],
                "additionalProperties": False,
                "properties": {
                    name: {"enum": list(WINDOWS)} if name == "window" else {"type": "string"}
                    for name in sorted(MEASURE_KEYS)
                },
            },
        ]
    }
    properties: dict[str, Any] = {
        name: {"type": ["string", "number"]} for name in sorted(REQUIRED | OPTIONAL)
    }
    properties |= {name: {"enum": list(choices)} for name, choices in CHOICES.items()}
    properties |= _SHAPES | {"measures": {"type": "object", "additionalProperties": measure}}
    kpi = {
        "type": "object",
        "required": sorted(REQUIRED),
        "additionalProperties": False,
        "properties": properties,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "KPI definitions",
        "type": "object",
        "required": ["kpis"],
        "properties": {"family": {"type": "string"}, "kpis": {"type": "array", "items": kpi}},
    }
