"""Changing a dashboard: its name, its period, with whom it is shared, its tiles and where they lie.
Only its owner comes here.

Everything is a form. Where the page runs its script, the same forms answer with the places of all
tiles, and the page moves them.
"""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path
from pydantic import TypeAdapter, ValidationError
from starlette.responses import JSONResponse, Response

from kampass.access import NotAllowed, Role
from kampass.people.errors import BadLayout
from kampass.periods import parse
from kampass.server.rules import SIGNED_IN, WRITING, Call
from kampass.web.pages.dashboards.board import Board, Move
from kampass.web.pages.dashboards.page import Name, Number
from kampass.web.pages.dashboards.relative import resolved
from kampass.web.pages.dashboards.tile_form import TileForm, Typed
from kampass.web.pages.dashboards.view import Opened, arrange_page, tile_page
from kampass.web.rendering import PageHead, go, render

router = APIRouter()
Reader = Annotated[Call, Depends(SIGNED_IN)]
Writer = Annotated[Call, Depends(WRITING)]
TileId = Annotated[str, Path(max_length=64)]
_PLACES: TypeAdapter[list[dict[str, str | int]]] = TypeAdapter(list[dict[str, str | int]])


@router.get("/dashboards/{number}/edit")
def edit(number: Number, call: Reader) -> Response:
    """The dashboard with everything that changes it."""
    opened = _own(call, number)
    page = PageHead("Arrange the tiles", opened.dashboard.name)
    return render(call, "pages/dashboards/edit.html", page, arrange_page(opened))


@router.post("/dashboards/{number}/settings")
def settings(
    number: Number,
    call: Writer,
    name: Name,
    period: Annotated[str, Form(max_length=64)] = "",
    role: Annotated[list[Role] | None, Form(max_length=len(Role))] = None,
) -> Response:
    """Its name, its period, and the roles that may read it."""
    opened, shared = _own(call, number), frozenset(role or ())
    moving = " ".join(period.split()) or opened.board.period
    parse(resolved(call.sight, moving), call.sight.settings.calendar)
    layout = Board(opened.board.tiles, moving).layout()
    assert call.person is not None
    call.library.dashboards.change(
        number, call.person, name=name, layout=layout, shared_with=shared
    )
    call.record("changed a dashboard", str(number), name=name, shared_with=sorted(shared))
    return go(f"{opened.path}/edit", "Saved.")


@router.post("/dashboards/{number}/places")
def place(
    number: Number, call: Writer, places: Annotated[str, Form(max_length=20_000)]
) -> Response:
    """Where the tiles lie now, as they were dragged: a JSON list of id, x, y, w and h."""
    try:
        given = {str(one.pop("id", "")): one for one in _PLACES.validate_json(places)}
    except ValidationError:
        raise BadLayout(
            "These are no places of tiles.", hint="A JSON list of id, x, y, w and h."
        ) from None
    whole = {
        key: {
            name: value
            for name, value in one.items()
            if name in set("xywh") and isinstance(value, int)
        }
        for key, one in given.items()
    }
    return JSONResponse(_kept(call, number, lambda board: board.placed(whole)).places())


@router.get("/dashboards/{number}/tiles/new")
def draft(number: Number, call: Reader) -> Response:
    """A tile to be added."""
    return _form(_own(call, number), TileForm.fresh(call))


@router.post("/dashboards/{number}/tiles/new")
def add(number: Number, call: Writer, typed: Annotated[Typed, Form()]) -> Response:
    """Add a tile, or look at it first."""
    opened = _own(call, number)
    form = TileForm.of(call, typed, None)
    if typed.do == "preview" or form.wrong:
        return _form(opened, form)
    board = _kept(call, number, lambda board: board.added(form.tile))
    return go(
        f"{opened.path}/edit#tile-{board.tiles[-1].id}",
        "The tile stands at the foot. Drag it where it belongs.",
    )


@router.get("/dashboards/{number}/tiles/{tile}")
def configure(number: Number, tile: TileId, call: Reader) -> Response:
    """What a tile shows, to be changed."""
    opened = _own(call, number)
    return _form(opened, TileForm.of_tile(call, opened.board.tile(tile)))


@router.post("/dashboards/{number}/tiles/{tile}")
def change(number: Number, tile: TileId, call: Writer, typed: Annotated[Typed, Form()]) -> Response:
    """Change what a tile shows, or look at it first."""
    opened = _own(call, number)
    form = TileForm.of(call, typed, opened.board.tile(tile))
    if typed.do == "preview" or form.wrong:
        return _form(opened, form)
    _kept(call, number, lambda board: board.changed(form.tile))
    return go(f"{opened.path}/edit#tile-{tile}", "The tile is changed.")


@router.post("/dashboards/{number}/tiles/{tile}/move")
def move(number: Number, tile: TileId, call: Writer, do: Annotated[Move, Form()]) -> Response:
    """One step further, wider or higher: what dragging does, from the keyboard."""
    board = _kept(call, number, lambda board: board.moved(tile, do))
    if "application/json" in call.request.headers.get("accept", ""):
        return JSONResponse(board.places())
    return go(f"/dashboards/{number}/edit#tile-{tile}")


@router.post("/dashboards/{number}/tiles/{tile}/remove")
def remove(number: Number, tile: TileId, call: Writer) -> Response:
    """Take a tile off."""
    _kept(call, number, lambda board: board.without(tile))
    return go(f"/dashboards/{number}/edit", "The tile is gone.")


def _own(call: Call, number: int) -> Opened:
    """The dashboard; NotFound where the viewer may not see it, NotAllowed where they may not change
    it.
    """
    opened = Opened.of(call, number)
    if not opened.mine:
        raise NotAllowed(
            "Only its owner changes a dashboard.", hint="Make a copy: that one is yours."
        )
    return opened


def _kept(call: Call, number: int, change: Callable[[Board], Board]) -> Board:
    """The board after a change that is kept and written into the audit log."""
    board = change(_own(call, number).board)
    assert call.person is not None
    call.library.dashboards.change(number, call.person, layout=board.layout())
    call.record("changed a dashboard", str(number), tiles=len(board.tiles))
    return board


def _form(opened: Opened, form: TileForm) -> Response:
    page = PageHead("What does this tile show?", opened.dashboard.name)
    view, status = tile_page(opened, form), 422 if form.wrong else 200
    return render(opened.call, "pages/dashboards/tile.html", page, view, status=status)
