"""The book on worlds small enough to reckon by hand: each reason with its threshold, and the order
of those who need somebody.

Known at 1 March 2026, 06:00 UTC. Everybody pays since 2025 and was spoken with on 28 February,
unless the test says otherwise.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from kampass.access import NotFound, Scope
from kampass.book.account import dossier, find
from kampass.book.accounts import Wanted, accounts
from kampass.book.attention import attention
from kampass.book.managers import managers
from kampass.book.reasons import Reason
from kampass.book.renewals import renewals
from kampass.book.today import today
from kampass.book.week import week
from kampass.workspace import create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings
from kampass.workspace.view import Sight

NOW = datetime(2026, 3, 1, 6, tzinfo=UTC)
TODAY = date(2026, 3, 1)
HEADS = {
    "accounts": "id,name",
    "users": "id,name",
    "ownerships": "account_id,user_id,role,valid_from,valid_to",
    "subscriptions": "id,account_id,product_id,mrr,currency,valid_from,valid_to",
    "products": "id,name,family",
    "touches": "id,occurred_at,channel,direction,account_id,outcome",
    "contracts": "id,account_id,valid_from,valid_to,kind,outcome",
    "tickets": "id,created_at,account_id,priority,resolved_at",
    "surveys": "id,kind,scale_min,scale_max",
    "responses": "id,survey_id,responded_at,score,account_id,comment",
    "goals": "id,account_id,name,kind,direction,target,due_on",
    "goal_measurements": "goal_id,measured_at,value",
    "usage_daily": "account_id,on,logins",
    "coverage": "table,covered_from,covered_to",
}
BASE = {
    "accounts": ["a,Alder", "b,Birch"],
    "users": ["u,Dana Fox", "v,Ines Roy"],
    "ownerships": ["a,u,account_manager,2025-01-01,", "b,v,account_manager,2025-01-01,"],
    "products": ["p,Suite,s", "q,Add-on,s"],
    "subscriptions": ["s1,a,p,100,USD,2025-01-01,", "s2,b,p,50,USD,2025-01-01,"],
    "touches": [
        "t1,2026-02-28T09:00:00Z,call,outbound,a,completed",
        "t2,2026-02-28T09:00:00Z,call,outbound,b,completed",
    ],
    "surveys": ["n,nps,0,10", "c,csat,1,5"],
}
World = Callable[..., Sight]


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A sight of the base world with more rows, or other rows where `instead` names them."""

    def make(
        instead: Mapping[str, list[str]] | None = None,
        scope: Scope | None = None,
        **more: list[str],
    ) -> Sight:
        folder = tmp_path / "files"
        folder.mkdir()
        tables = {
            name: [*(instead or {}).get(name, BASE.get(name, [])), *more.get(name, [])]
            for name in HEADS
        }
        for name, lines in tables.items():
            if lines:
                (folder / f"{name}.csv").write_text("\n".join([HEADS[name], *lines]) + "\n")
        workspace = create(
            tmp_path / "workspace",
            WorkspaceSettings(sources=(SourceSettings("files", "folder", {"path": str(folder)}),)),
        )
        workspace.sync(recorded_at=NOW)
        return workspace.sight(scope or Scope())

    return make


def reasons(sight: Sight, kind: str) -> list[Reason]:
    return [
        reason for needing in attention(sight) for reason in needing.reasons if reason.kind == kind
    ]


def test_nobody_needs_anybody_where_all_is_well(world: World) -> None:
    assert attention(world()) == []


def test_a_renewal_is_announced_ninety_days_ahead_and_stays_until_it_counts_as_lost(
    world: World,
) -> None:
    """Far: in 90 days. Lost: due 30 days ago. Decided, replaced and amended contracts are not due
    at all.
    """
    due = {"k89": 89, "k31": 31, "k30": 30, "k0": 0, "late": -29, "far": 90, "lost": -30}
    waiting = [
        f"{name},{'ab'[place % 2]},2025-01-01,{TODAY + timedelta(days=days)},extension,pending"
        for place, (name, days) in enumerate(due.items())
    ]
    others = [
        "x1,a,2025-01-01,2026-03-10,new,renewed",
        "x2,a,2025-01-01,2026-03-10,new,superseded",
        "x3,a,2025-01-01,2026-03-10,amendment,pending",
    ]
    found = {
        one.source.split()[1].rstrip(","): (one.text, one.urgent)
        for one in reasons(world(contracts=waiting + others), "renewal")
    }
    assert found == {
        "k89": ("Renewal due in 89 days", False),
        "k31": ("Renewal due in 31 days", False),
        "k30": ("Renewal due in 30 days", True),
        "k0": ("Renewal due today", True),
        "late": ("Renewal was due 29 days ago, no answer yet", True),
    }


def test_a_contract_that_another_continues_is_not_due(world: World) -> None:
    assert (
        renewals(
            world(
                contracts=[
                    "k,a,2025-01-01,2026-03-10,new,pending",
                    "l,a,2026-03-10,2027-03-10,renewal,pending",
                ]
            )
        )
        == []
    )


def test_each_table_is_read_on_its_own_last_day(world: World) -> None:
    """Contracts are known to 10 February, tickets to the load: five days before a renewal, and nine
    days into a ticket.
    """
    sight = world(
        contracts=["k,a,2025-01-01,2026-02-15,new,pending"],
        tickets=["t,2026-02-20T06:00:00Z,a,urgent,"],
        coverage=["contracts,2025-01-01,2026-02-11"],
    )
    assert [(one.contract, one.days) for one in renewals(sight)] == [("k", 5)]
    assert (today(sight, "contracts"), today(sight, "tickets")) == (date(2026, 2, 10), TODAY)
    assert [row["days"] for row in dossier(sight, "a").tickets] == [9]


def test_silence_counts_from_the_last_real_touch(world: World) -> None:
    spoken = [
        f"t{ago},{(NOW - timedelta(days=ago)).isoformat()},call,outbound,{account},completed"
        for account, ago in (("a", 30), ("b", 32), ("c", 62))
    ]
    unanswered = [
        f"u{account},2026-02-27T09:00:00Z,call,outbound,{account},no_answer" for account in "abc"
    ]
    more = {"accounts": ["c,Cedar"], "subscriptions": ["s3,c,p,20,USD,2025-01-01,"]}
    sight = world(instead={"touches": spoken + unanswered}, **more)
    assert {one.account: (one.text, one.urgent) for one in reasons(sight, "silence")} == {
        "b": ("No touch for 32 days", False),
        "c": ("No touch for 62 days", True),
    }


def test_an_account_that_pays_and_was_never_spoken_with_is_named(world: World) -> None:
    sight = world(instead={"touches": BASE["touches"][1:]})
    assert [(one.account, one.text) for one in reasons(sight, "silence")] == [
        ("a", "Nobody has ever spoken with them")
    ]


def test_tickets_of_an_account_are_one_reason_that_names_them_all(world: World) -> None:
    """Half of all are resolved within 10 hours: 'old' waits longer, 'young' does not, 'loud' is of
    high priority.
    """
    done = [
        f"d{day},2026-01-0{day}T00:00:00Z,a,normal,2026-01-0{day}T10:00:00Z" for day in range(1, 6)
    ]
    sight = world(
        tickets=[
            *done,
            "old,2026-02-20T06:00:00Z,b,normal,",
            "loud,2026-03-01T05:00:00Z,b,high,",
            "loud2,2026-03-01T05:00:00Z,a,urgent,",
            "young,2026-03-01T00:00:00Z,b,normal,",
        ]
    )
    found = {one.account: one for one in reasons(sight, "ticket")}
    assert found["b"].text == "2 tickets, the oldest open for 9 days"
    assert "old" in found["b"].source
    assert "loud" in found["b"].source
    assert "young" not in found["b"].source
    assert not found["b"].urgent  # one is late, the other loud, none is both
    assert found["a"].text == "Urgent ticket open for 1 hour"


def test_only_unhappy_answers_of_the_last_thirty_days_count_and_bring_their_words(
    world: World,
) -> None:
    lines = [
        "r1,n,2026-02-20T10:00:00Z,6,a,Too slow",
        "r2,c,2026-02-21T10:00:00Z,2,b,",
        "r3,n,2026-02-20T10:00:00Z,7,a,",
        "r4,c,2026-02-20T10:00:00Z,3,a,",
    ]
    found = reasons(world(responses=[*lines, "r5,n,2026-01-20T10:00:00Z,0,a,"]), "answer")
    assert {one.account: (one.text, one.quote) for one in found} == {
        "a": ("Detractor: 6 of 10", "Too slow"),
        "b": ("Dissatisfied: 2 of 5", None),
    }


def test_use_fell_only_where_chance_does_not_explain_it(world: World) -> None:
    """A: 20 days before, 5 now. B: 20 before, 15 now."""
    before = [TODAY - timedelta(days=55 - day) for day in range(20)]
    lines = [f"{account},{day},3" for account in "ab" for day in before]
    lines += [f"a,{TODAY - timedelta(days=day)},3" for day in range(5)] + [
        f"b,{TODAY - timedelta(days=day)},3" for day in range(15)
    ]
    assert [(one.account, one.text) for one in reasons(world(usage_daily=lines), "usage")] == [
        ("a", "Used on 5 days, 20 before")
    ]


def test_a_line_that_ended_is_named_unless_another_took_its_place(world: World) -> None:
    ended = world(
        subscriptions=[
            "s3,a,q,30,USD,2025-01-01,2026-02-15",
            "s4,b,q,30,USD,2025-01-01,2026-02-15",
            "s5,b,q,35,USD,2026-02-15,",
        ]
    )
    assert [(one.account, one.text, one.urgent) for one in reasons(ended, "ended")] == [
        ("a", "Add-on ended on 15 Feb 2026", False)
    ]


def test_an_account_whose_last_line_ended_left(world: World) -> None:
    sight = world(
        instead={
            "subscriptions": ["s1,a,p,100,USD,2025-01-01,2026-02-20", BASE["subscriptions"][1]]
        }
    )
    assert [(one.text, one.urgent) for one in reasons(sight, "ended")] == [
        ("Left: the last paid line ended on 20 Feb 2026", True)
    ]
    assert {account.id: account.state for account in accounts(sight)} == {
        "a": "lost",
        "b": "active",
    }


def test_a_goal_is_overdue_where_its_latest_measurement_misses_it(world: World) -> None:
    """Missed and due lately: 'late'. 'met' reached 40, 'later' is not due, 'old' was due long ago,
    'never' was not measured.
    """
    due = {
        "late": "2026-02-01",
        "met": "2026-02-01",
        "later": "2026-04-01",
        "old": "2025-11-01",
        "never": "2026-02-01",
    }
    values = {"late": 30, "met": 40, "later": 30, "old": 30}
    measured = [f"{goal},2026-01-10T00:00:00Z,50" for goal in values] + [
        f"{goal},2026-01-20T00:00:00Z,{value}" for goal, value in values.items()
    ]
    sight = world(
        goals=[f"{goal},a,Goal {goal},lagging,up,40,{day}" for goal, day in due.items()],
        goal_measurements=measured,
    )
    assert {one.text.partition(": ")[2] for one in reasons(sight, "goal")} == {
        "Goal late",
        "Goal never",
    }


def test_urgent_reasons_come_first_then_all_reasons_then_mrr(world: World) -> None:
    sight = world(
        instead={
            "accounts": ["a,Alder", "b,Birch", "c,Cedar", "d,Dogwood"],
            "ownerships": [],
            "touches": [f"t{x},2026-02-28T09:00:00Z,call,outbound,{x},completed" for x in "abcd"],
            "subscriptions": [
                f"s{x},{x},p,{mrr},USD,2025-01-01,"
                for x, mrr in zip("abcd", (100, 50, 10, 900), strict=True)
            ],
        },
        contracts=[
            "k1,a,2025-01-01,2026-05-10,new,pending",
            "k2,b,2025-01-01,2026-03-05,new,pending",
            "k3,c,2025-01-01,2026-05-10,new,pending",
            "k4,d,2025-01-01,2026-05-10,new,pending",
        ],
        goals=["g,c,Reports,lagging,up,40,2026-02-01"],
    )
    assert [needing.account.id for needing in attention(sight)] == ["b", "c", "d", "a"]


def test_a_scope_has_its_own_book_and_nothing_of_others(world: World) -> None:
    sight = world(
        scope=Scope(frozenset({"a"})),
        contracts=[
            "k1,a,2025-01-01,2026-03-05,new,pending",
            "k2,b,2025-01-01,2026-03-05,new,pending",
        ],
    )
    assert [account.id for account in accounts(sight)] == ["a"]
    assert [due.account for due in renewals(sight)] == ["a"]
    assert [one.id for one in managers(sight)] == ["u"]
    with pytest.raises(NotFound):
        find(sight, "b")


def test_an_account_stays_with_whoever_looked_after_it_last(world: World) -> None:
    sight = world(
        instead={
            "ownerships": [
                "a,u,account_manager,2025-01-01,2025-06-01",
                "b,v,account_manager,2025-01-01,2025-06-01",
                "b,u,account_manager,2025-06-01,",
            ]
        }
    )
    assert [(one.id, one.accounts) for one in managers(sight)] == [("u", 2)]


def test_a_search_needs_every_word_and_a_filter_the_very_value(world: World) -> None:
    listed = accounts(world())
    assert [account.id for account in listed if Wanted("alder fox").takes(account)] == ["a"]
    assert [account.id for account in listed if Wanted("alder roy").takes(account)] == []
    assert [
        account.id for account in listed if Wanted(values=(("manager", "v"),)).takes(account)
    ] == ["b"]
    assert [
        account.id for account in listed if Wanted(values=(("segment", "unknown"),)).takes(account)
    ] == ["a", "b"]


def test_the_week_says_whose_revenue_moved(world: World) -> None:
    sight = world(
        instead={
            "subscriptions": [
                "s1,a,p,100,USD,2025-01-01,2026-02-26",
                "s3,a,p,130,USD,2026-02-26,",
                BASE["subscriptions"][1],
            ]
        }
    )
    assert [(change.account, change.title, change.tone) for change in week(sight)] == [
        ("a", "MRR +30.00 USD", "good")
    ]


def test_a_book_without_any_table_but_accounts_is_empty_and_no_error(world: World) -> None:
    sight = world(instead={name: [] for name in BASE if name != "accounts"})
    assert attention(sight) == []
    assert [account.state for account in accounts(sight)] == ["prospect", "prospect"]
    assert (managers(sight), renewals(sight), week(sight)) == ([], [], [])
