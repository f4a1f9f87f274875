"""Dashboards: one's own, those shared with one's role, good ones to begin with; and one of them,
read within the reader's own rights.
"""

from dataclasses import dataclass, replace
from itertools import chain, count
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Path
from starlette.responses import Response

from kampass.access import Role
from kampass.library.dashboards import LONGEST_NAME, Dashboard
from kampass.server.rules import SIGNED_IN, WRITING, Call
from kampass.web.pages.dashboards.board import Board
from kampass.web.pages.dashboards.faces import faces
from kampass.web.pages.dashboards.relative import offered, resolved
from kampass.web.pages.dashboards.starters import for_role, starter
from kampass.web.parts.forms import Filters, cannot_ask, filters_of
from kampass.web.parts.question import Asked, Asking, Written
from kampass.web.rendering import PageHead, go, moment, render

router = APIRouter()
Number = Annotated[int, Path(ge=1, le=1 << 40)]
Name = Annotated[str, Form(max_length=LONGEST_NAME)]
Reader = Annotated[Call, Depends(SIGNED_IN)]
Writer = Annotated[Call, Depends(WRITING)]
PATH = "/dashboards"


@router.get(PATH)
def listed(call: Reader) -> Response:
    """All that the viewer may open."""
    assert call.person is not None
    visible = call.library.dashboards.visible(call.person)
    own = [_card(call, one) for one in visible if one.owner_id == call.person.id]
    shared = [_card(call, one) for one in visible if one.owner_id != call.person.id]
    return render(
        call,
        "pages/dashboards/page.html",
        PageHead("Which figures do I want in one place?", "Dashboards"),
        own=own,
        shared=shared,
        starters=for_role(call.person.role),
        catalogue=call.sight.catalogue,
        longest=LONGEST_NAME,
    )


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
    view = View.of(call, number, asked)
    if view.asking.wrong:
        return cannot_ask(
            call,
            view.asking,
            title=view.dashboard.name,
            question=view.dashboard.name,
            path=view.path,
        )
    return render(
        call,
        "pages/dashboards/dashboard.html",
        PageHead(view.dashboard.name, "Dashboards", view.asking.url(view.path)),
        faces=faces(call, view.board, view.asking),
        mine=view.mine,
        filters=view.filters,
        dashboard=view.dashboard,
        path=view.path,
        lead=_lead(view),
    )


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


@dataclass(frozen=True)
class View:
    """One dashboard as somebody asks for it; `period` is what the address or the dashboard says,
    perhaps a period that moves.
    """

    call: Call
    dashboard: Dashboard
    board: Board
    asking: Asking
    period: str

    @classmethod
    def of(cls, call: Call, number: int, asked: Written | None = None) -> "View":
        """NotFound where there is none for this viewer."""
        assert call.person is not None
        one = call.library.dashboards.get(number, call.person)
        board, written = Board.of(one.layout), asked or Written()
        period = (written.one["period"] or "").strip() or board.period
        written.one |= {"period": resolved(call.sight, period), "grain": None, "compare": None}
        written.many["by"] = ()
        kpis = tuple(
            dict.fromkeys(tile.kpi for tile in board.tiles if tile.kpi in call.sight.catalogue.kpis)
        )
        return cls(call, one, board, Asking.of(call, written, kpis=kpis), period)

    @property
    def path(self) -> str:
        """Where it is."""
        return f"{PATH}/{self.dashboard.id}"

    @property
    def mine(self) -> bool:
        """Whether the viewer may change it."""
        assert self.call.person is not None
        return self.dashboard.changed_by(self.call.person)

    @property
    def filters(self) -> Filters:
        """Its question in words, with the period as it moves, and the form that changes it."""
        moving = self.period if self.period != self.asking.period else ""
        made = filters_of(self.asking, self.path, cuts=0, grains=False)
        first, *rest = made.fields
        hint = "Words such as 'latest quarter' move with the data"
        own = replace(first, value=self.period, listed=offered(self.call.sight), hint=hint)
        words = ", ".join(part for part in (moving.capitalize(), made.question) if part)
        return replace(made, question=words, fields=[own, *rest])


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


def _lead(view: View) -> str:
    one, by = view.dashboard, "" if view.mine else f"Made by {view.dashboard.owner}. "
    seen = (
        "all accounts" if view.call.sight.scope.everything else "the accounts that you look after"
    )
    shared = "" if not view.mine or not one.shared_with else f" Shared with {_roles(one)}."
    return f"{by}Figures of {view.asking.period_words}, of {seen}.{shared}"


def _card(call: Call, one: Dashboard) -> dict[str, Any]:
    """What the list says of a dashboard."""
    assert call.person is not None
    board, zone = Board.of(one.layout), call.sight.settings.calendar.timezone
    names = [
        call.sight.catalogue.kpis[tile.kpi].name
        if tile.kpi in call.sight.catalogue.kpis
        else tile.title or tile.kpi
        for tile in board.tiles
    ]
    return {
        "href": f"{PATH}/{one.id}",
        "name": one.name,
        "owner": one.owner,
        "mine": one.changed_by(call.person),
        "shared": _roles(one),
        "changed": moment(one.changed_at, zone),
        "iso": one.changed_at.isoformat(),
        "zone": zone,
        "count": len(board.tiles),
        "about": " · ".join(list(dict.fromkeys(filter(None, names)))[:4]),
        "id": one.id,
    }


def _roles(one: Dashboard) -> str:
    return ", ".join(f"{role.label.lower()}s" for role in Role if role in one.shared_with)
