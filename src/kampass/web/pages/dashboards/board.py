"""A dashboard's layout as values: tiles on twelve columns, and the period that they follow.

Reading a layout never fails: programs write layouts too, and what no page can show is said at its
tile. Tiles always lie as high as they can, in the order of rows and columns, so that the grid of
the reading page and the one that is dragged agree without the place of a row.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from uuid import uuid4

from kampass.access import NotFound

COLUMNS, HIGHEST = 12, 12
USUAL_PERIOD = "latest quarter"
KINDS: Final = {
    "figure": "A figure",
    "trend": "A line over time",
    "breakdown": "Bars by a cut",
    "table": "A table by a cut",
    "note": "Words",
}
SIZES: Final = {
    "figure": (3, 4),
    "trend": (6, 5),
    "breakdown": (6, 5),
    "table": (6, 5),
    "note": (4, 3),
}
Move = Literal["left", "right", "up", "down", "narrower", "wider", "shorter", "taller"]
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Tile:
    """One tile: its place, and what it asks. An empty `period` follows the dashboard."""

    id: str
    kind: str
    x: int = 0
    y: int = 0
    w: int = 3
    h: int = 4
    kpi: str = ""
    by: str = ""
    where: tuple[str, ...] = ()
    period: str = ""
    title: str = ""
    text: str = ""

    @classmethod
    def read(cls, entry: Mapping[str, Any], number: int) -> "Tile":
        """The tile of a layout's entry, within the grid whatever it says."""
        words: dict[str, Any] = {
            name: str(entry.get(name) or "")
            for name in ("kind", "kpi", "by", "period", "title", "text")
        }
        key, where = str(entry.get("id", "")), entry.get("where")
        w = _between(entry.get("w"), 1, COLUMNS)
        place = {
            "x": _between(entry.get("x"), 0, COLUMNS - w),
            "y": _between(entry.get("y"), 0, 1_000),
            "w": w,
            "h": _between(entry.get("h"), 1, HIGHEST),
        }
        conditions = (
            tuple(str(text) for text in where)
            if isinstance(where, list)
            else (where,)
            if isinstance(where, str) and where
            else ()
        )
        return cls(
            key if _ID.fullmatch(key) else f"tile-{number}", **(words | place), where=conditions
        )

    def written(self) -> dict[str, Any]:
        """The entry of a layout."""
        words = {
            name: getattr(self, name)
            for name in ("kpi", "by", "period", "title", "text")
            if getattr(self, name)
        }
        return {
            "id": self.id,
            "kind": self.kind,
            **self.place(),
            **words,
            **({"where": list(self.where)} if self.where else {}),
        }

    def place(self) -> dict[str, int]:
        """Where it lies."""
        return {"x": self.x, "y": self.y, "w": self.w, "h": self.h}

    def beside(self, other: "Tile") -> bool:
        """Whether the two have a column in common."""
        return self.x < other.x + other.w and other.x < self.x + self.w

    def covers(self, other: "Tile") -> bool:
        """Whether the two would lie on each other."""
        return self.beside(other) and self.y < other.y + other.h and other.y < self.y + self.h


@dataclass(frozen=True)
class Board:
    """The tiles of a dashboard in reading order, and the period that they follow unless an address
    names another.
    """

    tiles: tuple[Tile, ...]
    period: str = USUAL_PERIOD

    @classmethod
    def of(cls, layout: Iterable[Mapping[str, Any]]) -> "Board":
        """The board of a layout; its entry of the kind 'period' is no tile."""
        entries = list(layout)
        period = next(
            (str(entry.get("period") or "") for entry in entries if entry.get("kind") == "period"),
            "",
        )
        tiles = [
            Tile.read(entry, number)
            for number, entry in enumerate(entries)
            if entry.get("kind") != "period"
        ]
        return cls(settled(_apart(tiles)), period or USUAL_PERIOD)

    def layout(self) -> list[dict[str, Any]]:
        """The layout as dashboards keep it."""
        return [
            {
                "id": "period",
                "kind": "period",
                "x": 0,
                "y": 0,
                "w": 1,
                "h": 1,
                "period": self.period,
            },
            *(tile.written() for tile in self.tiles),
        ]

    def places(self) -> list[dict[str, Any]]:
        """Where each tile lies, by id."""
        return [{"id": tile.id, **tile.place()} for tile in self.tiles]

    def tile(self, tile_id: str) -> Tile:
        """One tile; NotFound where there is none."""
        for tile in self.tiles:
            if tile.id == tile_id:
                return tile
        raise NotFound(
            "There is no such tile on this dashboard.",
            hint="It may have been removed meanwhile: load the dashboard again.",
        )

    def added(self, tile: Tile) -> "Board":
        """With one more tile, at the foot, under an id of its own."""
        foot = max((each.y + each.h for each in self.tiles), default=0)
        return self._with((*self.tiles, replace(tile, id=uuid4().hex[:12], x=0, y=foot)))

    def changed(self, tile: Tile) -> "Board":
        """With that tile in place of the one of its id."""
        self.tile(tile.id)
        return self._with(
            [tile if each.id == tile.id else each for each in self.tiles], held=tile.id
        )

    def without(self, tile_id: str) -> "Board":
        """Without a tile."""
        self.tile(tile_id)
        return self._with([tile for tile in self.tiles if tile.id != tile_id])

    def placed(self, places: Mapping[str, Mapping[str, int]]) -> "Board":
        """With the tiles at these places, by id; a tile that is not named stays."""
        return self._with(
            [Tile.read(tile.written() | dict(places.get(tile.id, {})), 0) for tile in self.tiles]
        )

    def moved(self, tile_id: str, move: Move) -> "Board":
        """With one tile a step further, and the others out of its way."""
        tile = self.tile(tile_id)
        held = _stepped(tile, move, self.tiles)
        return self._with(
            [held if each.id == held.id else each for each in self.tiles], held=held.id
        )

    def _with(self, tiles: Iterable[Tile], held: str = "") -> "Board":
        return replace(self, tiles=settled(tiles, held))


def settled(tiles: Iterable[Tile], held: str = "") -> tuple[Tile, ...]:
    """The tiles without overlaps, each as high as it can lie; `held` keeps its place while the
    others give way.

    >>> tiles = [Tile("a", "note", y=5, h=2), Tile("b", "note", y=5, h=1)]
    >>> [(tile.id, tile.y) for tile in settled(tiles)]
    [('a', 0), ('b', 2)]
    """
    lying: list[Tile] = []
    for tile in sorted(tiles, key=lambda each: (each.id != held, each.y, each.x)):
        lying.append(_lowered(tile, lying))
    risen: list[Tile] = []
    for tile in sorted(lying, key=lambda each: (each.y, each.x)):
        risen.append(_raised(tile, risen))
    return tuple(sorted(risen, key=lambda each: (each.y, each.x)))


def _lowered(tile: Tile, others: Sequence[Tile]) -> Tile:
    while any(tile.covers(other) for other in others):
        tile = replace(tile, y=tile.y + 1)
    return tile


def _raised(tile: Tile, others: Sequence[Tile]) -> Tile:
    floor = max(
        (other.y + other.h for other in others if tile.beside(other) and other.y < tile.y),
        default=0,
    )
    return replace(tile, y=min(tile.y, floor))


def _stepped(tile: Tile, move: Move, tiles: Sequence[Tile]) -> Tile:
    """The tile that is held in its place after a step: itself, or the one below that takes its
    place.
    """
    beside = [each for each in tiles if each.id != tile.id and each.beside(tile)]
    if move == "up":
        above = max(
            (each for each in beside if each.y < tile.y), key=lambda each: each.y, default=tile
        )
        return replace(tile, y=above.y)
    if move == "down":
        below = min(
            (each for each in beside if each.y > tile.y), key=lambda each: each.y, default=tile
        )
        return replace(below, y=tile.y)
    steps = {
        "left": (-1, 0, 0),
        "right": (1, 0, 0),
        "narrower": (0, -1, 0),
        "wider": (0, 1, 0),
        "shorter": (0, 0, -1),
        "taller": (0, 0, 1),
    }
    x, w, h = (had + step for had, step in zip((tile.x, tile.w, tile.h), steps[move], strict=True))
    w = _between(w, 1, COLUMNS)
    return replace(tile, x=_between(x, 0, COLUMNS - w), w=w, h=_between(h, 1, HIGHEST))


def _apart(tiles: Iterable[Tile]) -> Iterable[Tile]:
    """The tiles under ids that tell them from each other."""
    seen: set[str] = set()
    for number, tile in enumerate(tiles):
        found = tile if tile.id not in seen else replace(tile, id=f"{tile.id[:50]}-{number}")
        seen.add(found.id)
        yield found


def _between(value: object, least: int, most: int) -> int:
    return min(max(value, least), most) if type(value) is int else least
