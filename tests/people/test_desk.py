"""Notes, saved questions and dashboards: whose they are, who sees them, and what they can hold."""

import math
from typing import Any

import pytest
import sqlalchemy as sa
from tests.people.conftest import Clock

from kampass.access import EVERYTHING, NOTHING, NotAllowed, NotFound, Role, Scope
from kampass.library import Library
from kampass.people import People, Person
from kampass.people.errors import BadField, BadLayout

MINE = Scope(frozenset({"A1", "A2"}))


def tile(**fields: Any) -> dict[str, Any]:
    return {"id": "t1", "x": 0, "y": 0, "w": 4, "h": 3} | fields


@pytest.fixture
def cid(people: People) -> Person:
    return people.accounts.add("cid@example.com", "Cid", Role.ACCOUNT_MANAGER)


def test_a_note_stands_beside_what_it_is_about_with_its_authors_name(
    library: Library, ann: Person, clock: Clock
) -> None:
    made = library.notes.add(
        ann, kpi="nrr", period="2026-02", text=" Two large\r\nrenewals slipped. ", scope=EVERYTHING
    )
    assert (made.author, made.text, made.created_at, made.changed_at) == (
        "Ann Lee",
        "Two large\nrenewals slipped.",
        clock.now,
        None,
    )
    assert library.notes.about(kpi="nrr", scope=NOTHING) == [made]
    assert library.notes.about(kpi="nrr", period="2026-02", scope=NOTHING) == [made]
    assert library.notes.get(made.id, scope=NOTHING) == made


def test_notes_are_found_by_exactly_what_is_asked(library: Library, ann: Person) -> None:
    for about in (
        {"kpi": "nrr"},
        {"kpi": "nrr_x"},
        {"kpi": "NRR"},
        {"account": "A1"},
        {"account": "A%", "kpi": "nrr"},
    ):
        library.notes.add(ann, text=str(about), scope=EVERYTHING, **about)  # type: ignore[arg-type]
    found = library.notes.about(kpi="nrr", scope=EVERYTHING)
    assert [(note.kpi, note.account) for note in found] == [("nrr", "A%"), ("nrr", None)]
    assert library.notes.about(account="A_", scope=EVERYTHING) == []
    assert library.notes.about(kpi="nrr\x00", scope=EVERYTHING) == []
    assert len(library.notes.about(scope=EVERYTHING, limit=2)) == 2


def test_a_note_on_an_account_is_as_hidden_as_the_account(library: Library, ann: Person) -> None:
    own = library.notes.add(ann, account="A1", kpi="nrr", text="ours", scope=EVERYTHING)
    foreign = library.notes.add(ann, account="A9", kpi="nrr", text="theirs", scope=EVERYTHING)
    assert library.notes.about(kpi="nrr", scope=MINE) == [own]
    assert library.notes.about(account="A9", scope=MINE) == []
    assert library.notes.about(scope=NOTHING) == []
    assert library.notes.about(kpi="nrr", scope=MINE, limit=1) == [own]
    told = []
    for number in (foreign.id, foreign.id + 1000, 10**30):
        for attempt in (
            lambda number=number: library.notes.get(number, scope=MINE),
            lambda number=number: library.notes.change(number, ann, "changed", scope=MINE),
            lambda number=number: library.notes.remove(number, ann, scope=MINE),
        ):
            with pytest.raises(NotFound) as raised:
                attempt()
            told.append(str(raised.value.to_dict()))
    assert len(set(told)) == 1
    assert library.notes.get(foreign.id, scope=EVERYTHING).text == "theirs"


def test_nobody_writes_about_an_account_that_is_not_theirs_to_see(
    library: Library, bob: Person
) -> None:
    with pytest.raises(NotFound):
        library.notes.add(bob, account="A9", text="guessing", scope=MINE)
    assert library.notes.about(scope=EVERYTHING) == []


def test_only_its_author_or_an_administrator_changes_a_note(
    library: Library, ann: Person, bob: Person, cid: Person, clock: Clock
) -> None:
    made = library.notes.add(bob, account="A1", text="first", scope=MINE)
    for attempt in (
        lambda: library.notes.change(made.id, cid, "x", scope=MINE),
        lambda: library.notes.remove(made.id, cid, scope=MINE),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    clock.move(hours=1)
    changed = library.notes.change(made.id, bob, "second", scope=MINE)
    assert (changed.text, changed.changed_at, changed.created_at) == (
        "second",
        clock.now,
        made.created_at,
    )
    assert library.notes.change(made.id, ann, "third", scope=EVERYTHING).author_id == bob.id
    library.notes.remove(made.id, bob, scope=MINE)
    assert library.notes.about(scope=EVERYTHING) == []


def test_a_note_keeps_the_name_of_an_author_who_left(
    library: Library, people: People, ann: Person, bob: Person
) -> None:
    library.notes.add(bob, kpi="nrr", text="remember this", scope=MINE)
    people.accounts.remove(bob.id)
    (note,) = library.notes.about(kpi="nrr", scope=MINE)
    assert note.author == "Bob"


@pytest.mark.parametrize(
    "text", ["", " \n ", "x" * 4_001, "a\x00b", "a\ud800b", "a\u202eb", "\x1b[2J"]
)
def test_a_note_is_1_to_4000_characters_that_are_seen(
    library: Library, ann: Person, text: str
) -> None:
    with pytest.raises(BadField):
        library.notes.add(ann, kpi="nrr", text=text, scope=EVERYTHING)
    made = library.notes.add(ann, kpi="nrr", text="x" * 4_000, scope=EVERYTHING)
    with pytest.raises(BadField):
        library.notes.change(made.id, ann, text, scope=EVERYTHING)


def test_a_note_is_about_something(library: Library, ann: Person) -> None:
    with pytest.raises(BadField):
        library.notes.add(ann, kpi=" ", text="about nothing", scope=EVERYTHING)
    with pytest.raises(BadField):
        library.notes.add(ann, kpi="k" * 201, text="about too much", scope=EVERYTHING)


def test_a_saved_question_is_found_by_its_owner_alone(
    library: Library, ann: Person, bob: Person
) -> None:
    path = "/kpis/nrr?period=2026-Q1&where=segment%3Denterprise"
    made = library.saved.add(bob, " NRR, enterprise ", path)
    assert (made.name, made.query) == ("NRR, enterprise", path)
    assert library.saved.all(bob) == [made]
    assert library.saved.all(ann) == []
    for attempt in (
        lambda: library.saved.rename(made.id, ann, "mine"),
        lambda: library.saved.remove(made.id, ann),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert library.saved.rename(made.id, bob, "Enterprise").name == "Enterprise"
    library.saved.remove(made.id, bob)
    assert library.saved.all(bob) == []


@pytest.mark.parametrize(
    "query",
    [
        "",
        "kpis/nrr",
        "//evil.example.com",
        "/\\evil.example.com",
        "https://evil.example.com/",
        "javascript:alert(1)",
        "/kpis/nrr\r\nSet-Cookie: x",
        "/a b",
        "/\tevil",
        "/" + "x" * 2_000,
        "/\ud800",
        "\\/evil.example.com",
    ],
)
def test_only_a_path_of_this_host_is_saved(library: Library, bob: Person, query: str) -> None:
    with pytest.raises(BadField):
        library.saved.add(bob, "question", query)


@pytest.mark.parametrize("name", ["", " ", "x" * 121, "a\nb"])
def test_questions_and_dashboards_have_a_name_of_one_line(
    library: Library, bob: Person, name: str
) -> None:
    saved, dashboard = (
        library.saved.add(bob, "x" * 120, "/"),
        library.dashboards.add(bob, "x" * 120, []),
    )
    for attempt in (
        lambda: library.saved.add(bob, name, "/"),
        lambda: library.saved.rename(saved.id, bob, name),
        lambda: library.dashboards.add(bob, name, []),
        lambda: library.dashboards.change(dashboard.id, bob, name=name),
    ):
        with pytest.raises(BadField):
            attempt()


def test_a_dashboard_comes_back_as_it_was_laid_out(library: Library, bob: Person) -> None:
    layout = [
        tile(
            kind="kpi",
            kpi="nrr",
            by=["segment", "region"],
            where="tier=a",
            period="2026",
            grain="month",
            picture="line",
        ),
        tile(
            id="t2",
            x=4,
            kind="text",
            text="Ünïcode\nin two lines",
            share=0.5,
            total=True,
            target=None,
        ),
    ]
    made = library.dashboards.add(bob, "Mine", layout, [Role.EXECUTIVE, Role.TEAM_LEAD])
    assert (made.layout, made.shared_with, made.owner) == (
        layout,
        {Role.EXECUTIVE, Role.TEAM_LEAD},
        "Bob",
    )
    assert library.dashboards.get(made.id, bob) == made


def test_a_dashboard_is_seen_by_its_owner_and_the_roles_it_is_shared_with(
    library: Library, people: People, ann: Person, bob: Person, cid: Person
) -> None:
    lead = people.accounts.add("lea@example.com", "Lea", Role.TEAM_LEAD)
    own = library.dashboards.add(bob, "Own", [])
    shared = library.dashboards.add(bob, "Shared", [], [Role.TEAM_LEAD])
    assert library.dashboards.visible(bob) == [own, shared]
    assert library.dashboards.visible(lead) == [shared]
    assert library.dashboards.visible(cid) == []
    assert library.dashboards.visible(ann) == []
    assert library.dashboards.get(shared.id, lead) == shared
    library.dashboards.change(shared.id, bob, shared_with=[])
    told = []
    for person in (lead, cid, ann):
        for number in (own.id, shared.id, shared.id + 1000, 10**30):
            for attempt in (
                lambda person=person, number=number: library.dashboards.get(number, person),
                lambda person=person, number=number: library.dashboards.change(
                    number, person, name="Stolen"
                ),
                lambda person=person, number=number: library.dashboards.remove(number, person),
            ):
                with pytest.raises(NotFound) as raised:
                    attempt()
                told.append(str(raised.value.to_dict()))
    assert len(set(told)) == 1


def test_whoever_a_dashboard_is_shared_with_does_not_change_it(
    library: Library, ann: Person, bob: Person
) -> None:
    shared = library.dashboards.add(bob, "Shared", [tile()], [Role.ADMIN])
    for attempt in (
        lambda: library.dashboards.change(shared.id, ann, layout=[]),
        lambda: library.dashboards.remove(shared.id, ann),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert library.dashboards.get(shared.id, bob) == shared


def test_only_what_is_given_of_a_dashboard_changes(
    library: Library, bob: Person, clock: Clock
) -> None:
    made = library.dashboards.add(bob, "First", [tile()], [Role.ANALYST])
    clock.move(hours=1)
    renamed = library.dashboards.change(made.id, bob, name="Second")
    assert (renamed.name, renamed.layout, renamed.shared_with, renamed.changed_at) == (
        "Second",
        made.layout,
        made.shared_with,
        clock.now,
    )
    moved = library.dashboards.change(
        made.id, bob, layout=[tile(x=5)], shared_with=[Role.ADMIN, Role.ADMIN]
    )
    assert (moved.name, moved.layout[0]["x"], moved.shared_with) == ("Second", 5, {Role.ADMIN})
    library.dashboards.remove(made.id, bob)
    assert library.dashboards.visible(bob) == []


def test_administrators_look_after_the_dashboards_of_people_who_left(
    library: Library, people: People, ann: Person, bob: Person, cid: Person
) -> None:
    shared = library.dashboards.add(bob, "Shared", [], [Role.ACCOUNT_MANAGER])
    own = library.dashboards.add(bob, "Own", [])
    people.accounts.remove(bob.id)
    assert [one.id for one in library.dashboards.visible(ann)] == [own.id, shared.id]
    assert library.dashboards.get(own.id, ann).owner_gone
    assert [one.id for one in library.dashboards.visible(cid)] == [shared.id]
    with pytest.raises(NotAllowed):
        library.dashboards.change(shared.id, cid, name="Mine now")
    assert library.dashboards.change(shared.id, ann, name="Looked after").name == "Looked after"
    library.dashboards.remove(own.id, ann)


@pytest.mark.parametrize(
    "layout",
    [
        None,
        {},
        "[]",
        ["tile"],
        [None],
        [{}],
        [tile(id="")],
        [tile(id=7)],
        [tile(id="i" * 65)],
        [tile(x=-1)],
        [tile(x=1.5)],
        [tile(y="0")],
        [tile(w=0)],
        [tile(h=True)],
        [tile(x=1_001)],
        [tile(), tile()],
        [tile(kpi={"a": 1})],
        [tile(by=["a", 1])],
        [tile(by=[["a"]])],
        [tile(by=["a"] * 41)],
        [tile(kpi="k" * 2_001)],
        [tile(share=math.nan)],
        [tile(share=math.inf)],
        [tile(text="a\x00b")],
        [tile(text="\ud800")],
        [tile(**{"On Click": "x"})],
        [tile(__proto__="x")],
        [tile() | {7: "x"}],
        [tile(id=f"t{number}") for number in range(41)],
        [tile(id=f"t{number}", text="x" * 2_000) for number in range(40)],
    ],
)
def test_a_layout_that_is_none_is_refused(library: Library, bob: Person, layout: Any) -> None:
    kept = library.dashboards.add(bob, "Kept", [tile()])
    with pytest.raises(BadLayout) as raised:
        library.dashboards.add(bob, "Refused", layout)
    assert raised.value.code == "bad_layout"
    with pytest.raises(BadLayout):
        library.dashboards.change(kept.id, bob, layout=layout)
    assert library.dashboards.visible(bob) == [kept]


def test_forty_tiles_fit(library: Library, bob: Person) -> None:
    layout = [tile(id=f"t{number}", text="x" * 1_000) for number in range(40)]
    assert len(library.dashboards.add(bob, "Full", layout).layout) == 40


def test_what_is_taken_away_is_gone_and_its_number_is_not_given_again(
    library: Library, bob: Person, engine: sa.Engine
) -> None:
    first = library.dashboards.add(bob, "First", [tile()], [Role.ADMIN])
    library.dashboards.remove(first.id, bob)
    assert library.dashboards.add(bob, "Second", []).id > first.id
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM dashboard_share")).scalar() == 0
