"""What the tiles of a dashboard show to whoever looks: every figure asked within the viewer's own
rights, the figures of one period in one go.

A tile that cannot be asked, because its KPI is gone or cannot be cut so, says why and how to mend
it; the others stand.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from kampass.catalogue import Kpi
from kampass.errors import KampassError
from kampass.render import words
from kampass.render.charts import breakdown, trend
from kampass.server.rules import Call
from kampass.web.pages.dashboards.board import KINDS, Board, Tile
from kampass.web.pages.dashboards.relative import resolved
from kampass.web.pages.kpi.view import Portrait
from kampass.web.parts import spans
from kampass.web.parts.choices import dimensions_of
from kampass.web.parts.figures import FigureTile
from kampass.web.parts.pictures import Picture, picture
from kampass.web.parts.question import Asking, QuestionFields
from kampass.web.parts.tables import DataTable, TableCell, TableRow
from kampass.web.parts.tiles import TileFigure, figures, tiles_of

MOST_ROWS = 12
_CUT: Final = frozenset({"breakdown", "table"})


@dataclass(frozen=True)
class Face:
    """One tile as it is shown: a figure, a picture, rows or words; or what is wrong with it and how
    to mend it.
    """

    tile: Tile
    title: str
    note: str = ""
    href: str | None = None
    wrong: str = ""
    hint: str = ""
    figure: FigureTile | None = None
    picture: Picture | None = None
    table: DataTable | None = None


@dataclass(frozen=True)
class _Ready:
    """A tile whose question can be asked."""

    tile: Tile
    asking: Asking
    own_period: bool

    @property
    def kpi(self) -> Kpi:
        """What it asks for."""
        return self.asking.kpis[0]


def faces(call: Call, board: Board, asking: Asking) -> list[Face]:
    """The tiles of a board, for the question of the whole dashboard."""
    asked = [_ready(call, tile, asking) for tile in board.tiles]
    known = _figures(
        call, [one for one in asked if isinstance(one, _Ready) and one.tile.kind == "figure"]
    )
    return [one if isinstance(one, Face) else _face(one, known) for one in asked]


def checked(call: Call, tile: Tile, asking: Asking) -> Face | None:
    """What is wrong with a tile; None where it can be shown."""
    found = _ready(call, tile, asking)
    return found if isinstance(found, Face) and found.wrong else None


def _ready(call: Call, tile: Tile, whole: Asking) -> _Ready | Face:
    """The tile's question, or the face of a tile without one."""
    if tile.kind == "note":
        return Face(tile, tile.title)
    title = tile.title or tile.kpi or "A tile"
    if tile.kind not in KINDS:
        return Face(
            tile,
            title,
            wrong="This tile shows nothing that a page can draw.",
            hint="Choose a picture for it, or remove it.",
        )
    kpi = call.sight.catalogue.kpis.get(tile.kpi)
    if kpi is None:
        wrong = f"There is no KPI '{tile.kpi}' any more." if tile.kpi else "No KPI is chosen."
        return Face(
            tile, title, wrong=wrong, hint="Choose another KPI for this tile, or remove it."
        )
    if tile.kind in _CUT and not tile.by and not kpi.distribution:
        return Face(
            tile,
            tile.title or kpi.name,
            wrong="It does not say by what to cut.",
            hint="Choose a cut, such as segment.",
        )
    return _asked(call, tile, kpi, whole)


def _asked(call: Call, tile: Tile, kpi: Kpi, whole: Asking) -> _Ready | Face:
    """The question as the engine's parser takes it."""
    title = _title(tile, kpi)
    period = resolved(call.sight, tile.period) if tile.period else whole.period
    written = QuestionFields(
        period=period,
        by=[tile.by] if tile.by else [],
        where=[*whole.where, *tile.where],
        **whole.clock,
    )
    try:
        asking = Asking.of(call, written, kpis=(kpi.id,))
    except KampassError as wrong:
        return Face(tile, title, wrong=wrong.message, hint=wrong.hint)
    if asking.wrong is None:
        return _Ready(tile, asking, own_period=bool(tile.period))
    cut = tile.by and tile.by not in dimensions_of(call.sight, (kpi,))
    said = (
        f"{kpi.name} cannot be cut by {tile.by.replace('_', ' ')}." if cut else asking.wrong.message
    )
    hint = (
        f"Choose another cut: {', '.join(asking.dimensions)}."
        if cut
        else "Change the filter or the period, of this tile or of the whole dashboard."
    )
    return Face(tile, title, wrong=said, hint=hint)


def _title(tile: Tile, kpi: Kpi) -> str:
    cut = tile.by or (kpi.distribution if tile.kind in _CUT else "")
    return tile.title or (f"{kpi.name} by {words.dimension(cut).lower()}" if cut else kpi.name)


def _figures(call: Call, ready: Sequence[_Ready]) -> dict[tuple[object, ...], FigureTile]:
    """The figures of the tiles: those of one period and filter are asked together."""
    groups: dict[tuple[object, ...], list[_Ready]] = {}
    for one in ready:
        groups.setdefault(_group(one.asking), []).append(one)
    made: dict[tuple[object, ...], FigureTile] = {}
    for key, group in groups.items():
        asking = group[0].asking
        ids = list(dict.fromkeys(one.kpi.id for one in group))
        found: dict[str, TileFigure] = figures(
            call.sight, ids, period=asking.period, where=asking.where, clock=asking.clock
        )
        for kpi_id, tile in zip(
            ids, tiles_of(call, asking, {kpi_id: found.get(kpi_id) for kpi_id in ids}), strict=True
        ):
            made[(*key, kpi_id)] = tile
    return made


def _group(asking: Asking) -> tuple[object, ...]:
    return asking.period, asking.where, asking.known_at, asking.snapshot


def _face(one: _Ready, known: dict[tuple[object, ...], FigureTile]) -> Face:
    """What a tile shows."""
    tile, asking = one.tile, one.asking
    blank = Face(tile, _title(tile, one.kpi), _note(one), asking.url(f"/kpis/{one.kpi.id}"))
    if tile.kind == "figure":
        figure = known[(*_group(asking), one.kpi.id)]
        return replace(blank, figure=replace(figure, label=blank.title, note=blank.note or None))
    if tile.kind == "trend":
        return replace(
            blank, picture=asking.sight.kept("tile's trend", lambda: _trend(asking), *asking.key)
        )
    portrait = Portrait(asking, one.kpi)
    if tile.kind == "breakdown":
        drawn = asking.sight.kept("tile's breakdown", lambda: _breakdown(portrait), *asking.key)
        empty = "" if drawn else f"There is nothing to count in {asking.period_words}."
        return replace(
            blank,
            picture=drawn,
            wrong=empty,
            hint="" if drawn else "Choose a longer period, or fewer filters.",
        )
    rows = portrait.slice_rows
    kept = rows if len(rows) <= MOST_ROWS else [*rows[: MOST_ROWS - 1], rows[-1]]
    columns = [one for one in portrait.slice_columns if one.key in {"slice", "value", "change"}]
    return replace(blank, table=DataTable(columns, [_narrow(row) for row in kept]))


def _narrow(row: TableRow) -> TableRow:
    """A row for little room: how much is behind a value stands beneath it."""
    value, n = row.cells["value"], row.cells["n"]
    assert isinstance(value, TableCell)
    assert isinstance(n, str)
    return replace(row, cells={**row.cells, "value": replace(value, note=n)})


def _breakdown(portrait: Portrait) -> Picture | None:
    """The slices as bars; None where none has a value."""
    found = portrait.slices
    known = found is not None and any(
        answer.dimensions and answer.value is not None for answer in found
    )
    return picture(breakdown(found)) if known and found is not None else None


def _trend(asking: Asking) -> Picture:
    """The figure over time, a line for each slice."""
    period, grain = spans.trail(asking.period, asking.sight.settings.calendar)
    over = asking.changed(period=period, grain=grain)
    return picture(trend(over.sight.kpi(over.kpis[0].id, **over.spelled(), **over.clock)))


def _note(one: _Ready) -> str:
    """What of its question is the tile's own."""
    own = [words for words, text in one.asking.conditions if text in one.tile.where]
    return ", ".join([*([one.asking.period_words] if one.own_period else []), *own])
