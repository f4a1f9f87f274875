"""Whose accounts are whose: the last owner's, and those of the teams below a lead's.

    account    owners, in order                       team of the owner
    kept       ann                                    north
    lost       ann (ended, nobody since)              north
    handed     ann, then ben                          south
    coming     ann, from a day that is not yet        -
    nobody's   -                                      -

north and south lie below all.
"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kampass.access import EVERYTHING, NOTHING, Role, Scope
from kampass.workspace import Workspace, create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

FILES = {
    "accounts": "id,name\nkept,Kept\nlost,Lost\nhanded,Handed\ncoming,Coming\nnobodys,Nobody's\n",
    "teams": "id,name,parent_id\nall,All,\nnorth,North,all\nsouth,South,all\n",
    "users": "id,name,email,team_id\nann,Ann,ann@example.com,north\nben,Ben,ben@example.com,south\nlee,Lee,lee@example.com,all\n",
    "ownerships": (
        "account_id,user_id,role,valid_from,valid_to\nkept,ann,account_manager,2024-01-01,\nlost,ann,account_manager,2024-01-01,2024-06-01\n"
        "handed,ann,account_manager,2024-01-01,2025-01-01\nhanded,ben,account_manager,2025-01-01,\ncoming,ann,account_manager,2030-01-01,\n"
        "nobodys,ann,support,2024-01-01,\n"
    ),
    "subscriptions": "id,account_id,mrr,currency,valid_from\ns1,kept,100,USD,2024-01-01\ns2,handed,200,USD,2024-01-01\ns3,nobodys,400,USD,2024-01-01\n",
}


@pytest.fixture
def book(tmp_path: Path) -> Workspace:
    files = tmp_path / "files"
    files.mkdir()
    for table, text in FILES.items():
        (files / f"{table}.csv").write_text(text, encoding="utf-8")
    workspace = create(
        tmp_path / "book",
        WorkspaceSettings(sources=(SourceSettings("files", "folder", {"path": str(files)}),)),
    )
    workspace.sync(recorded_at=datetime(2026, 1, 1, tzinfo=UTC))
    return workspace


def accounts(
    book: Workspace, role: Role, user: str | None, team: str | None = None
) -> set[str] | None:
    found = book.sights.scope_of(role, user, team).accounts
    return None if found is None else set(found)


def test_an_account_manager_sees_accounts_owned_now_and_those_owned_last(book: Workspace) -> None:
    assert accounts(book, Role.ACCOUNT_MANAGER, "ann") == {"kept", "lost"}
    assert accounts(book, Role.ACCOUNT_MANAGER, "ben") == {"handed"}


def test_a_lead_sees_the_teams_below_their_own(book: Workspace) -> None:
    assert accounts(book, Role.TEAM_LEAD, "lee", "all") == {"kept", "lost", "handed"}
    assert accounts(book, Role.TEAM_LEAD, None, "south") == {"handed"}


def test_a_lead_of_another_team_keeps_the_accounts_they_own_themselves(book: Workspace) -> None:
    assert accounts(book, Role.TEAM_LEAD, "ann", "south") == {"kept", "lost", "handed"}


def test_executives_analysts_and_admins_see_everything(book: Workspace) -> None:
    for role in (Role.EXECUTIVE, Role.ANALYST, Role.ADMIN):
        assert book.sights.scope_of(role, None, None) == EVERYTHING


def test_who_is_nobody_in_the_data_sees_nothing(book: Workspace) -> None:
    assert book.sights.scope_of(Role.ACCOUNT_MANAGER, None, None) == NOTHING
    assert book.sights.scope_of(Role.TEAM_LEAD, None, None) == NOTHING
    assert book.sight(NOTHING).kpi("mrr_end", period="2025")[0].n == 0


def test_a_person_is_found_in_the_data_by_their_address_unless_an_admin_says_who_they_are(
    book: Workspace,
) -> None:
    assert book.sights.place_of("Ann@Example.com", None, None) == ("ann", "north")
    assert book.sights.place_of("ann@example.com", "ben", None) == ("ben", "south")
    assert book.sights.place_of("stranger@example.com", None, None) == (None, None)


def test_what_belongs_to_no_account_is_for_those_who_see_everything() -> None:
    assert EVERYTHING.sees(None)
    assert not Scope(frozenset({"kept"})).sees(None)
    assert not NOTHING.sees("kept")


def test_scopes_share_a_key_only_where_they_see_the_same() -> None:
    """Keys are what answers are kept under: `ab`, `c` and `a`, `bc` must not meet."""
    keys = [
        scope.key
        for scope in (
            EVERYTHING,
            NOTHING,
            Scope(frozenset({"ab", "c"})),
            Scope(frozenset({"a", "bc"})),
            Scope(frozenset({"abc"})),
        )
    ]
    assert len(set(keys)) == len(keys)
    assert Scope(frozenset({"b", "a"})).key == Scope(frozenset({"a", "b"})).key


def test_answers_of_one_page_come_from_one_snapshot_whatever_is_published_meanwhile(
    book: Workspace, tmp_path: Path
) -> None:
    before = book.sight()
    assert before.kpi("mrr_end", period="2025")[0].value == 700
    (tmp_path / "files" / "subscriptions.csv").write_text(
        FILES["subscriptions"].replace("100,USD", "150,USD"), encoding="utf-8"
    )
    book.sync(recorded_at=datetime(2026, 1, 2, tzinfo=UTC))
    assert before.kpi("mrr_end", period="2025-12")[0].snapshot == before.snapshot_id
    assert before.kpi("mrr_end", period="2025-12")[0].value == 700
    assert book.sight().kpi("mrr_end", period="2025-12")[0].value == 750


def test_a_changed_definition_or_setting_is_noticed(book: Workspace) -> None:
    first = book.sight()
    assert first.kpi("mrr_end", period="2025")[0].known_at == first.known_at
    file = book.folder / "kampass.toml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("fiscal_start = 1", "fiscal_start = 4"),
        encoding="utf-8",
    )
    later = book.sight()
    assert later.settings.calendar.fiscal_start == 4
    assert later.version != first.version
