"""Dashboards: one's own, those shared with one's role, good ones to begin with; and one of them,
read within the reader's own rights.
"""

from itertools import chain, count
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path
from starlette.responses import Response

from kampass.library.dashboards import LONGEST_NAME
from kampass.server.rules import SIGNED_IN, WRITING, Call
from kampass.web.pages.dashboards.board import Board
from kampass.web.pages.dashboards.starters import starter
from kampass.web.pages.dashboards.view import PATH, Opened, dashboard_list, dashboard_page
from kampass.web.parts.question import Asked, cannot_ask
from kampass.web.rendering import PageHead, go, render

router = APIRouter()
Number = Annotated[int, Path(ge=1, le=1 << 40)]
Name = Annotated[str, Form(max_length=LONGEST_NAME)]
Reader = Annotated[Call, Depends(SIGNED_IN)]
Writer = Annotated[Call, Depends(WRITING)]


@router.get(PATH)
def listed(call: Reader) -> Response:
    """All that the viewer may open."""
    page = PageHead("Which figures do I want in one place?", "Dashboards")
    return render(call, "pages/dashboards/page.html", page, dashboard_list(call))


@router.post(PATH)
def make(
    call: Writer, name: Name = "", start: Annotated[str, Form(max_length=64)] = ""
) -> Response:
    """Make one: empty, or a copy of one to begin with."""
    assert call.person is not None
    found = starter(start) if start else None
    board = found.board if found else Board(())
    wanted = name.strip() or (_free(call, found.name) if found else "")
    made = call.library.dashboards.add(call.person, wanted, board.layout())
    call.record("made a dashboard", str(made.id), name=made.name, start=start)
    return (
        go(f"{PATH}/{made.id}", "It is yours now: change it as you like.")
        if found
        else go(f"{PATH}/{made.id}/edit", "Add the first tile.")
    )


@router.get("/dashboards/{number}")
def show(number: Number, call: Reader, asked: Asked) -> Response:
    """One dashboard, read."""
    opened = Opened.of(call, number, asked)
    asking, name = opened.asking, opened.dashboard.name
    if asking.wrong:
        return cannot_ask(call, asking, title=name, question=name, path=opened.path)
    page = PageHead(name, "Dashboards", asking.url(opened.path))
    return render(call, "pages/dashboards/dashboard.html", page, dashboard_page(opened))


@router.post("/dashboards/{number}/copy")
def copy(number: Number, call: Writer) -> Response:
    """Make one's own of it, shared with nobody."""
    assert call.person is not None
    one = call.library.dashboards.get(number, call.person)
    name = f"{one.name[: LONGEST_NAME - 7]} (copy)" if one.owner_id == call.person.id else one.name
    made = call.library.dashboards.add(call.person, name, one.layout)
    call.record("made a dashboard", str(made.id), name=made.name, copied=one.id)
    return go(f"{PATH}/{made.id}", "This copy is yours: change it as you like.")


@router.post("/dashboards/{number}/remove")
def remove(number: Number, call: Writer) -> Response:
    """Take it away, for everybody it was shared with."""
    assert call.person is not None
    name = call.library.dashboards.get(number, call.person).name
    call.library.dashboards.remove(number, call.person)
    call.record("removed a dashboard", str(number), name=name)
    return go(PATH, f"'{name}' is gone.")


def _free(call: Call, name: str) -> str:
    """The name, with a number where the viewer has one of that name already."""
    assert call.person is not None
    taken = {
        one.name
        for one in call.library.dashboards.visible(call.person)
        if one.owner_id == call.person.id
    }
    return next(
        each
        for each in chain([name], (f"{name} {number}" for number in count(2)))
        if each not in taken
    )
