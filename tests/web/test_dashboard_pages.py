"""Dashboards: built from tiles, kept as they were left, read by each viewer within their own
rights, changed by the owner alone.
"""

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import get_args

import pytest
from starlette.testclient import TestClient
from tests.served import Served
from tests.web.reading import sight_of, text_of

from kampass.access import Role
from kampass.library import layout as layouts
from kampass.render.display import show_value
from kampass.web.pages.dashboards.board import COLUMNS, Board, Move, Tile, settled
from kampass.web.pages.dashboards.relative import RELATIVE, resolved
from kampass.web.pages.dashboards.starters import starters
from kampass.web.parts.spans import latest

Clients = Callable[[Role], TestClient]
FIGURE = {"id": "a", "kind": "figure", "kpi": "mrr_end", "x": 0, "y": 0, "w": 3, "h": 4}
TREND = {"id": "b", "kind": "trend", "kpi": "nrr", "x": 3, "y": 0, "w": 6, "h": 5}


@pytest.fixture
def board(served: Served) -> Iterator[int]:
    """A dashboard of the executive's, shared with account managers: a figure and a line."""
    dashboards, owner = served.workspace.library.dashboards, served.people[Role.EXECUTIVE]
    made = dashboards.add(owner, "Monday", [FIGURE, TREND], [Role.ACCOUNT_MANAGER])
    yield made.id
    if any(one.id == made.id for one in dashboards.visible(owner)):
        dashboards.remove(made.id, owner)


def layout_of(served: Served, number: int) -> Board:
    return Board.of(
        served.workspace.library.dashboards.get(number, served.people[Role.EXECUTIVE]).layout
    )


def audited(served: Served) -> str:
    return served.workspace.people.audit.entries(1)[0].action


@pytest.mark.parametrize("start", starters(), ids=lambda start: start.id)
@pytest.mark.parametrize("role", [Role.EXECUTIVE, Role.TEAM_LEAD, Role.ACCOUNT_MANAGER])
def test_one_click_makes_a_copy_to_begin_with_of_which_every_tile_shows_something(
    served: Served, as_role: Clients, role: Role, start: object
) -> None:
    client = as_role(role)
    assert start.reader in unescape(client.get("/dashboards").text)
    made = client.post("/dashboards", data={"start": start.id})
    assert made.status_code == 303
    page = client.get(made.headers["location"]).text
    assert page.count('<li class="at-') == len(start.board.tiles)
    assert "board-wrong" not in page
    assert client.post(f"{made.headers['location']}/remove").headers["location"] == "/dashboards"


@pytest.mark.parametrize("start", starters(), ids=lambda start: start.id)
def test_what_one_begins_with_has_six_to_nine_tiles_that_leave_no_hole(start: object) -> None:
    tiles = start.board.tiles
    assert 6 <= len(tiles) <= 9
    assert sum(tile.w * tile.h for tile in tiles) == COLUMNS * max(
        tile.y + tile.h for tile in tiles
    )


@pytest.mark.parametrize("role", [Role.EXECUTIVE, Role.ACCOUNT_MANAGER])
def test_each_viewer_sees_the_figures_of_their_own_accounts(
    served: Served, as_role: Clients, board: int, role: Role
) -> None:
    sight = sight_of(served, role)
    (answer,) = sight.kpi("mrr_end", period=latest(sight, "quarter"))
    assert show_value(answer.value, "money", "USD") in text_of(
        as_role(role).get(f"/dashboards/{board}").text
    )


def test_what_one_role_sees_is_not_what_another_does(served: Served) -> None:
    """Else the test above would prove nothing."""
    found = {
        role: sight_of(served, role).kpi("mrr_end", period="2025-Q4")[0].value
        for role in (Role.EXECUTIVE, Role.ACCOUNT_MANAGER)
    }
    assert len(set(found.values())) == 2


def test_the_address_names_period_and_filter_for_all_tiles_but_those_with_a_period_of_their_own(
    served: Served, as_role: Clients, board: int
) -> None:
    owner = served.people[Role.EXECUTIVE]
    own = FIGURE | {"id": "c", "x": 9, "period": "2024-Q1"}
    served.workspace.library.dashboards.change(board, owner, layout=[FIGURE, own])
    page = text_of(
        as_role(Role.EXECUTIVE)
        .get(f"/dashboards/{board}?period=2025-Q2&where=segment=enterprise")
        .text
    )
    for period in ("2025-Q2", "2024-Q1"):
        (answer,) = served.workspace.kpi("mrr_end", period=period, where="segment=enterprise")
        assert show_value(answer.value, "money", "USD") in page


@pytest.mark.parametrize("words", RELATIVE)
def test_a_period_in_words_moves_with_the_data(
    served: Served, as_role: Clients, board: int, words: str
) -> None:
    page = as_role(Role.EXECUTIVE).get(f"/dashboards/{board}", params={"period": words}).text
    (answer,) = served.workspace.kpi(
        "mrr_end", period=resolved(served.workspace.sight(), words.upper())
    )
    assert show_value(answer.value, "money", "USD") in text_of(page)
    assert f'value="{words}"' in page


@pytest.mark.parametrize(
    ("tile", "said"),
    [
        (
            FIGURE | {"kpi": "gone_kpi"},
            "There is no KPI 'gone_kpi' any more. Choose another KPI for this tile, or remove it.",
        ),
        (
            TREND | {"kind": "breakdown", "by": "channel"},
            "Net Revenue Retention (NRR) cannot be cut by channel. Choose another cut: segment,",
        ),
        (TREND | {"kind": "table"}, "It does not say by what to cut."),
        (FIGURE | {"kind": "donut"}, "This tile shows nothing that a page can draw."),
        (FIGURE | {"period": "last tuesday"}, "Change the filter or the period"),
        (FIGURE | {"where": ["segmnt=smb"]}, "Did you mean 'segment'?"),
        (FIGURE | {"kpi": ""}, "No KPI is chosen."),
        (
            FIGURE | {"kpi": "acquisition_source_mix"},
            "It has one figure for each acquisition source",
        ),
    ],
)
def test_a_tile_that_cannot_be_asked_says_why_and_the_others_stand(
    served: Served, as_role: Clients, board: int, tile: dict, said: str
) -> None:
    served.workspace.library.dashboards.change(
        board, served.people[Role.EXECUTIVE], layout=[tile, FIGURE | {"id": "c", "x": 9}]
    )
    answer = as_role(Role.EXECUTIVE).get(f"/dashboards/{board}?period=2025-Q4")
    assert answer.status_code == 200
    assert said in text_of(answer.text).replace("  ", " ")
    assert "MRR at the end" in answer.text


@pytest.mark.parametrize(
    "odd",
    [
        {},
        {"x": 900, "y": 999, "w": 900, "h": 0},
        {"x": "1", "w": None, "where": 7, "text": 5, "kind": None},
    ],
)
def test_whatever_a_program_wrote_is_within_the_grid(odd: dict) -> None:
    (tile,) = Board.of([{"id": "../x", **odd}]).tiles
    assert (tile.id, tile.x >= 0, tile.x + tile.w <= COLUMNS, tile.y) == ("tile-0", True, True, 0)


def test_a_filter_that_is_none_is_said_and_nothing_is_shown(as_role: Clients, board: int) -> None:
    answer = as_role(Role.EXECUTIVE).get(f"/dashboards/{board}?where=segmnt=smb")
    assert answer.status_code == 404
    assert "Did you mean &#39;segment&#39;?" in answer.text


def test_text_of_a_tile_is_text(served: Served, as_role: Clients, board: int) -> None:
    evil = "<img src=x onerror=alert(1)>"
    layout = [
        {"id": "n", "kind": "note", "x": 0, "y": 0, "w": 4, "h": 3, "title": evil, "text": evil},
        FIGURE | {"title": evil, "x": 4},
    ]
    served.workspace.library.dashboards.change(board, served.people[Role.EXECUTIVE], layout=layout)
    for path in (
        f"/dashboards/{board}",
        f"/dashboards/{board}/edit",
        f"/dashboards/{board}/tiles/n",
    ):
        page = as_role(Role.EXECUTIVE).get(path).text
        assert "<img" not in page
        assert "&lt;img src=x" in page


def test_tiles_lie_where_they_were_dragged_after_the_page_is_loaded_again(
    served: Served, as_role: Clients, board: int
) -> None:
    client = as_role(Role.EXECUTIVE)
    places = [
        {"id": "a", "x": 9, "y": 0, "w": 3, "h": 4},
        {"id": "b", "x": 0, "y": 0, "w": 9, "h": 6},
        {"id": "foreign", "x": 0, "y": 0, "w": 1, "h": 1},
    ]
    answer = client.post(f"/dashboards/{board}/places", data={"places": json.dumps(places)})
    assert answer.json() == [places[1], places[0]]
    assert audited(served) == "changed a dashboard"
    page = client.get(f"/dashboards/{board}/edit").text
    assert re.findall(r'gs-id="(\w)" gs-x="(\d)" gs-y="(\d)" gs-w="(\d)" gs-h="(\d)"', page) == [
        ("b", "0", "0", "9", "6"),
        ("a", "9", "0", "3", "4"),
    ]
    assert '<li class="at-9 wide-3 high-4" id="tile-a">' in client.get(f"/dashboards/{board}").text


@pytest.mark.parametrize("places", ["", "7", "[7]", '[{"id": "a", "x": [1]}]', "[" * 9000])
def test_places_that_are_none_are_refused(
    served: Served, as_role: Clients, board: int, places: str
) -> None:
    before = layout_of(served, board)
    assert (
        as_role(Role.EXECUTIVE)
        .post(f"/dashboards/{board}/places", data={"places": places})
        .status_code
        == 422
    )
    assert layout_of(served, board) == before


def test_the_buttons_of_a_tile_do_what_dragging_does(
    served: Served, as_role: Clients, board: int
) -> None:
    client, place = as_role(Role.EXECUTIVE), f"/dashboards/{board}/tiles/a/move"
    for do, wanted in (
        ("wider", (0, 0, 4, 4)),
        ("taller", (0, 0, 4, 5)),
        ("shorter", (0, 0, 4, 4)),
        ("narrower", (0, 0, 3, 4)),
    ):
        assert (
            client.post(place, data={"do": do}).headers["location"]
            == f"/dashboards/{board}/edit#tile-a"
        )
        assert tuple(layout_of(served, board).tile("a").place().values()) == wanted
    assert client.post(place, data={"do": "right"}, headers={"accept": "application/json"}).json()[
        0
    ] == {"id": "a", "x": 1, "y": 0, "w": 3, "h": 4}
    assert client.post(place, data={"do": "sideways"}).status_code == 422


def test_a_tile_goes_up_in_place_of_the_one_above_and_down_again() -> None:
    """One above the other, `b` twice as high:  a / b b  ->  b b / a."""
    start = Board((Tile("a", "note", 0, 0, 4, 1), Tile("b", "note", 0, 1, 4, 2)))
    up = start.moved("b", "up")
    assert [(tile.id, tile.y) for tile in up.tiles] == [("b", 0), ("a", 2)]
    assert up.moved("b", "down") == start


@pytest.mark.parametrize("move", get_args(Move))
def test_no_step_leaves_the_grid_or_lays_tiles_on_each_other(move: str) -> None:
    board = starters()[0].board
    for tile in board.tiles:
        for _ in range(COLUMNS + 2):
            board = board.moved(tile.id, move)
            assert all(each.x >= 0 and each.x + each.w <= COLUMNS for each in board.tiles)
            assert not any(
                one.covers(other)
                for one in board.tiles
                for other in board.tiles
                if one.id != other.id
            )
            assert settled(board.tiles) == board.tiles


def test_a_tile_is_added_looked_at_changed_and_removed(
    served: Served, as_role: Clients, board: int
) -> None:
    client = as_role(Role.EXECUTIVE)
    typed = {
        "kind": "breakdown",
        "kpi": "customer satisfaction",
        "by": "segment",
        "where": ["", "region!=EMEA"],
        "period": "last 12 months",
        "title": "Mood",
    }
    look = client.post(f"/dashboards/{board}/tiles/new", data=typed | {"do": "preview"})
    assert look.status_code == 200
    assert "data-chart" in look.text
    assert len(layout_of(served, board).tiles) == 2
    made = client.post(f"/dashboards/{board}/tiles/new", data=typed)
    tile = layout_of(served, board).tiles[-1]
    assert made.headers["location"] == f"/dashboards/{board}/edit#tile-{tile.id}"
    assert (tile.kind, tile.kpi, tile.by, tile.where, tile.period, tile.title, tile.w, tile.h) == (
        "breakdown",
        "csat",
        "segment",
        ("region!=EMEA",),
        "last 12 months",
        "Mood",
        6,
        5,
    )
    client.post(f"/dashboards/{board}/tiles/{tile.id}", data=typed | {"kind": "table", "w": 12})
    changed = layout_of(served, board).tile(tile.id)
    assert (changed.kind, changed.w, changed.x) == ("table", 12, 0)
    client.post(f"/dashboards/{board}/tiles/{tile.id}/remove")
    assert [one.id for one in layout_of(served, board).tiles] == ["a", "b"]
    assert client.get(f"/dashboards/{board}/tiles/{tile.id}").status_code == 404


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"kind": "figure", "kpi": "chrun"}, "There is no KPI called 'chrun'."),
        ({"kind": "figure"}, "Choose a KPI."),
        ({"kind": "table", "kpi": "nrr"}, "Bars and tables need a cut."),
        ({"kind": "table", "kpi": "nrr", "by": "channel"}, "cannot be cut by channel"),
        ({"kind": "figure", "kpi": "nrr", "where": "segment"}, "segment"),
        (
            {"kind": "figure", "kpi": "nrr", "where": "channel=mail"},
            "cannot be filtered by channel",
        ),
        ({"kind": "figure", "kpi": "nrr", "period": "2025-Q9"}, "2025-Q9"),
        ({"kind": "note"}, "Write what the tile should say."),
    ],
)
def test_a_tile_that_cannot_be_kept_says_why_beside_the_field_and_keeps_what_was_typed(
    served: Served, as_role: Clients, board: int, typed: dict, said: str
) -> None:
    answer = as_role(Role.EXECUTIVE).post(
        f"/dashboards/{board}/tiles/new", data=typed | {"title": "My title"}
    )
    assert answer.status_code == 422
    assert said in unescape(answer.text)
    assert 'aria-invalid="true"' in answer.text
    assert 'value="My title"' in answer.text
    assert len(layout_of(served, board).tiles) == 2


def test_name_period_and_sharing_are_kept(served: Served, as_role: Clients, board: int) -> None:
    client = as_role(Role.EXECUTIVE)
    client.post(
        f"/dashboards/{board}/settings",
        data={"name": "Tuesday", "period": "latest  month", "role": ["team_lead", "analyst"]},
    )
    kept = served.workspace.library.dashboards.get(board, served.people[Role.EXECUTIVE])
    assert (kept.name, kept.shared_with, Board.of(kept.layout).period) == (
        "Tuesday",
        {Role.TEAM_LEAD, Role.ANALYST},
        "latest month",
    )
    assert as_role(Role.ACCOUNT_MANAGER).get(f"/dashboards/{board}").status_code == 404
    assert "Tuesday" in as_role(Role.TEAM_LEAD).get("/dashboards").text
    assert (
        client.post(
            f"/dashboards/{board}/settings", data={"name": "Tuesday", "period": "2025-Q9"}
        ).status_code
        == 422
    )
    assert (
        client.post(
            f"/dashboards/{board}/settings", data={"name": "Tuesday", "role": "emperor"}
        ).status_code
        == 422
    )


CHANGES = {
    "edit": ("get", "/edit", {}),
    "new tile": ("get", "/tiles/new", {}),
    "tile": ("get", "/tiles/a", {}),
    "settings": ("post", "/settings", {"name": "Mine"}),
    "places": ("post", "/places", {"places": "[]"}),
    "add": ("post", "/tiles/new", {"kpi": "nrr"}),
    "change": ("post", "/tiles/a", {"kpi": "nrr"}),
    "move": ("post", "/tiles/a/move", {"do": "wider"}),
    "remove tile": ("post", "/tiles/a/remove", {}),
    "remove": ("post", "/remove", {}),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize(
    ("role", "status"), [(Role.ACCOUNT_MANAGER, 403), (Role.ADMIN, 404), (Role.TEAM_LEAD, 404)]
)
def test_somebody_elses_dashboard_is_not_changed(
    served: Served, as_role: Clients, board: int, *, name: str, role: Role, status: int
) -> None:
    method, path, data = CHANGES[name]
    before = layout_of(served, board)
    client = as_role(role)
    answer = (
        client.get(f"/dashboards/{board}{path}")
        if method == "get"
        else client.post(f"/dashboards/{board}{path}", data=data)
    )
    assert answer.status_code == status
    assert layout_of(served, board) == before


@pytest.mark.parametrize(
    "name", [name for name, (method, _, _) in CHANGES.items() if method == "post"]
)
def test_nothing_changes_without_the_sessions_secret(
    served: Served, as_role: Clients, board: int, name: str
) -> None:
    _, path, data = CHANGES[name]
    bare = TestClient(
        served.app, cookies=dict(as_role(Role.EXECUTIVE).cookies), follow_redirects=False
    )
    assert bare.post(f"/dashboards/{board}{path}", data=data).status_code == 403
    assert bare.post("/dashboards", data={"name": "Forged"}).status_code == 403
    assert bare.post(f"/dashboards/{board}/copy").status_code == 403


def test_who_may_only_read_gets_a_copy_and_no_tools(
    served: Served, as_role: Clients, board: int
) -> None:
    client = as_role(Role.ACCOUNT_MANAGER)
    page = client.get(f"/dashboards/{board}").text
    assert f"/dashboards/{board}/edit" not in page
    assert "Make a copy" in page
    assert "Made by Executive." in page
    copied = client.post(f"/dashboards/{board}/copy").headers["location"]
    assert client.get(f"{copied}/edit").status_code == 200
    mine = served.workspace.library.dashboards.get(
        int(copied.rsplit("/", 1)[1]), served.people[Role.ACCOUNT_MANAGER]
    )
    assert (mine.name, mine.shared_with, Board.of(mine.layout)) == (
        "Monday",
        frozenset(),
        layout_of(served, board),
    )
    client.post(f"{copied}/remove")
    assert client.get(copied).status_code == 404


@pytest.mark.parametrize("role", [Role.ADMIN, Role.TEAM_LEAD, Role.ANALYST])
def test_a_dashboard_that_is_not_shared_does_not_exist(
    as_role: Clients, board: int, role: Role
) -> None:
    assert as_role(role).get(f"/dashboards/{board}").status_code == 404
    assert as_role(role).post(f"/dashboards/{board}/copy").status_code == 404
    assert "Monday" not in as_role(role).get("/dashboards").text


def test_no_foreign_account_is_named_on_a_shared_dashboard(
    served: Served, as_role: Clients, board: int
) -> None:
    tiles = [
        {**TREND, "kind": kind, "id": kind, "by": "account", "kpi": "mrr_end"}
        for kind in ("table", "breakdown", "trend")
    ]
    served.workspace.library.dashboards.change(board, served.people[Role.EXECUTIVE], layout=tiles)
    own = sight_of(served, Role.ACCOUNT_MANAGER).scope.accounts
    named = served.workspace.sight().backend.run("SELECT id, name FROM accounts").all()
    mine = {name for key, name in named if key in own}
    page = unescape(as_role(Role.ACCOUNT_MANAGER).get(f"/dashboards/{board}").text)
    assert any(name in page for name in mine)
    assert not [name for key, name in named if key not in own and name not in mine and name in page]


def test_what_a_board_writes_a_dashboard_keeps() -> None:
    for start in starters():
        assert Board.of(json.loads(layouts.written(start.board.layout()))) == start.board


def test_a_picture_is_said_in_words_where_no_script_runs(
    served: Served, as_role: Clients, board: int
) -> None:
    page = as_role(Role.EXECUTIVE).get(f"/dashboards/{board}?period=2025-Q4").text
    (answer,) = served.workspace.kpi("nrr", period="2025-Q4")
    said = re.findall(r"<noscript><p>(.*?)</p></noscript>", page)
    assert show_value(answer.value, "percent", "USD") in said[0]


def test_a_second_copy_has_another_name(served: Served, as_role: Clients) -> None:
    client = as_role(Role.ANALYST)
    made = [
        client.post("/dashboards", data={"start": "executive-month"}).headers["location"]
        for _ in range(3)
    ]
    dashboards, person = served.workspace.library.dashboards, served.people[Role.ANALYST]
    assert [dashboards.get(int(path.rsplit("/", 1)[1]), person).name for path in made] == [
        "The month",
        "The month 2",
        "The month 3",
    ]
    for path in made:
        client.post(f"{path}/remove")
