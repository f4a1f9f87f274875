"""The layout of a dashboard: tiles on a grid, each with what it asks. Checked for shape and size;
what it asks, the engine judges.
"""

import json
import math
import re
from collections.abc import Sequence
from typing import Any

from kampass.people import text
from kampass.people.errors import BadLayout

MOST_TILES, LONGEST = 40, 64 * 1024
_PLACE = ("x", "y", "w", "h")
_FARTHEST = 1_000
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONGEST_TEXT, _LONGEST_LIST = 2_000, 40

Layout = list[dict[str, Any]]


def written(layout: Sequence[Any]) -> str:
    """The layout as it is kept; BadLayout with the tile that is wrong."""
    if not isinstance(layout, list) or len(layout) > MOST_TILES:
        raise BadLayout(
            f"A dashboard has at most {MOST_TILES} tiles.", hint="Make a second dashboard of some."
        )
    for number, tile in enumerate(layout, 1):
        wrong = _wrong(tile)
        if wrong:
            raise BadLayout(
                f"Tile {number} of the dashboard cannot be kept: {wrong}.",
                hint="A tile is an id, a place (x, y, w, h) and what it shows.",
            )
    if len({tile["id"] for tile in layout}) < len(layout):
        raise BadLayout("Two tiles of the dashboard have the same id.", hint="Give each its own.")
    kept = json.dumps(layout, separators=(",", ":"))
    if len(kept) > LONGEST:
        raise BadLayout(
            "The dashboard is too large to be kept.", hint="Make a second dashboard of some tiles."
        )
    return kept


def _wrong(tile: Any) -> str:
    """What is wrong with a tile, or nothing."""
    if not isinstance(tile, dict):
        return "it is no object"
    if not isinstance(tile.get("id"), str) or not _text(tile["id"], 64) or not tile["id"]:
        return "it has no id"
    if not all(
        type(tile.get(name)) is int and 0 <= tile[name] <= _FARTHEST for name in _PLACE
    ) or not (tile["w"] and tile["h"]):
        return "its place is not made of whole numbers"
    odd = [
        key
        for key, value in tile.items()
        if not (isinstance(key, str) and _KEY.fullmatch(key) and _kept(value))
    ]
    return f"'{str(odd[0])[:40]}' holds nothing a tile can hold" if odd else ""


def _kept(value: Any) -> bool:
    """Text, a number, yes or no, nothing, or a list of texts."""
    if isinstance(value, list):
        return len(value) <= _LONGEST_LIST and all(
            isinstance(item, str) and _text(item, _LONGEST_TEXT) for item in value
        )
    if isinstance(value, str):
        return _text(value, _LONGEST_TEXT)
    return (
        value is None
        or isinstance(value, bool | int)
        or (isinstance(value, float) and math.isfinite(value))
    )


def _text(value: str, longest: int) -> bool:
    return len(value) <= longest and text.plain(value.replace("\n", " "))
