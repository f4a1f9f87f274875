"""Each plausibility check finds the row that it is for, and is silent beside what only looks like
it.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from kampass.catalogue.loader import shipped
from kampass.engine import Engine, Settings
from kampass.insight.plausibility import Contradiction, contradictions
from kampass.insight.plausibility.checks import CHECKS
from kampass.periods import Calendar
from kampass.store import Snapshot
from kampass.workspace import create
from kampass.workspace.authoring.worlds import Worlds
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

Tables = dict[str, str]
Look = Callable[[Tables], dict[str, Contradiction]]
TODAY = datetime(2026, 6, 1, tzinfo=UTC)
LINES = "id,account_id,product_id,quantity,mrr,currency,valid_from,valid_to,is_trial\n"
CONTRACTS = "id,account_id,product_id,valid_from,valid_to,outcome,ended_on,previous_contract_id\n"
PRODUCTS = {"products": "id,name,family\np,P,f\nq,Q,f\n"}


def accounts(*names: str, more: str = "", of: tuple[str, ...] = ()) -> str:
    cells = [f"{n},{n}{',' + of[k] if of else ''}" for k, n in enumerate(names)]
    return "\n".join([f"id,name{',' + more if more else ''}", *cells, ""])


def rows(header: str, lines: Iterator[str] | list[str]) -> str:
    return "\n".join([header.strip(), *lines, ""])


def days(first: str, n: int, step: int = 1) -> list[date]:
    return [date.fromisoformat(first) + timedelta(days=k * step) for k in range(n)]


ABC = {"accounts": accounts("a", "b", "c")}
SIX = PRODUCTS | {"accounts": accounts(*(f"a{k}" for k in range(6)))}


def signed(mrr: int) -> Tables:
    """Six contracts over a year, of 1,200 each, and the lines under them."""
    return SIX | {
        "contracts": rows(
            "id,account_id,valid_from,valid_to,value,currency",
            [f"c{k},a{k},2025-01-01,2026-01-01,1200,USD" for k in range(6)],
        ),
        "subscriptions": rows(
            "id,account_id,contract_id,mrr,currency,valid_from,valid_to",
            [f"s{k},a{k},c{k},{mrr},USD,2025-01-01,2026-01-01" for k in range(6)],
        ),
    }


def subscribed(*prices: int) -> Tables:
    """An account with a line for each price, and no products."""
    names = [f"a{k}" for k in range(len(prices))]
    lines = [
        f"s{k},{name},,,{price},USD,2025-01-01,,"
        for k, (name, price) in enumerate(zip(names, prices, strict=True))
    ]
    return {"accounts": accounts(*names), "subscriptions": rows(LINES, lines)}


def of_two(x: str, y: str) -> Tables:
    """Subscriptions of two sources."""
    return {"x/subscriptions": LINES + x, "y/subscriptions": LINES + y}


def rates(*lines: str) -> Tables:
    """Rates towards USD."""
    return {"fx_rates": rows("currency,valid_from,rate", list(lines))}


SOURCES: dict[str, tuple[Tables, Tables]] = {
    "another_source_s_key": (
        of_two(
            "1,a,,,100,USD,2025-01-01,,\n2,b,,,200,USD,2025-01-01,,\n", "1,c,,,7,USD,2025-01-01,,\n"
        ),
        of_two(
            "1,a,,,100,USD,2025-01-01,,\n", "1,a,,,100,USD,2025-01-01,,\n3,c,,,7,USD,2025-01-01,,\n"
        ),
    ),
    "every_amount_times_twelve": (
        subscribed(*range(50, 58))
        | {"then/subscriptions": subscribed(*range(600, 696, 12))["subscriptions"]},
        subscribed(*range(50, 59))
        | {"then/subscriptions": subscribed(*range(600, 696, 12), 60)["subscriptions"]},
    ),
    "rate_of_the_own_currency": (
        rates("USD,2024-01-01,0.92", "EUR,2024-01-01,1"),
        rates("USD,2024-01-01,1.000", "EUR,2024-01-01,1.1"),
    ),
    "rate_upside_down": (
        rates("JPY,2024-01-01,161", "EUR,2024-01-01,1.1"),
        rates("JPY,2024-01-01,0.0062", "PLN,2024-01-01,4.2"),
    ),
}
SPANS: dict[str, tuple[Tables, Tables]] = {
    "ends_on_the_last_day": (
        {
            "subscriptions": LINES
            + "s1,a,,,10,USD,2025-01-01,2025-03-31,\ns2,a,,,10,USD,2025-04-01,,\n"
        },
        {
            "subscriptions": LINES
            + "s1,a,,,10,USD,2025-01-01,2025-03-31,\ns2,a,,,10,USD,2025-04-01,2025-05-01,\n"
            "s3,a,,,10,USD,2025-05-01,,\n"
        },
    ),
    "ends_before_it_begins": (
        {"subscriptions": LINES + "s1,a,,,10,USD,2025-04-01,2025-01-01,\n"},
        {"subscriptions": LINES + "s1,a,,,10,USD,2025-04-01,2025-04-02,\n"},
    ),
    "overlapping_lines": (
        PRODUCTS
        | {
            "subscriptions": LINES
            + "s1,a,p,,10,USD,2025-01-01,2025-05-01,\ns2,a,p,,10,USD,2025-04-01,,\n"
        },
        PRODUCTS
        | {
            "subscriptions": LINES
            + "s1,a,p,,10,USD,2025-01-01,2025-05-01,\ns2,a,q,,10,USD,2025-04-01,,\n"
            "s3,a,p,,0,USD,2025-01-01,2025-04-01,true\n"
        },
    ),
    "overlapping_owners": (
        {
            "users": "id,name\nu,U\nv,V\n",
            "ownerships": "account_id,user_id,role,valid_from,valid_to\n"
            "a,u,account_manager,2025-01-01,\na,v,account_manager,2025-03-01,\n",
        },
        {
            "users": "id,name\nu,U\nv,V\n",
            "ownerships": "account_id,user_id,role,valid_from,valid_to\n"
            "a,u,account_manager,2025-01-01,2025-03-01\na,v,account_manager,2025-03-01,\n"
            "a,v,support,2025-01-01,\n",
        },
    ),
    "yearly_among_monthly": (
        SIX
        | {
            "subscriptions": rows(
                LINES,
                [f"s{k},a{k},p,,{1200 if k == 0 else 100},USD,2025-01-01,," for k in range(6)],
            )
        },
        SIX
        | {
            "subscriptions": rows(
                LINES,
                [
                    f"s{k},a{k},p,{12 if k == 0 else 1},{1200 if k == 0 else 100},USD,2025-01-01,,"
                    for k in range(6)
                ],
            )
        },
    ),
    "mrr_unlike_what_is_paid": (signed(1200), signed(100)),
    "mixed_currencies": (
        {
            "subscriptions": LINES + "s1,a,,,10,USD,2025-01-01,,\ns2,a,,,10,EUR,2025-01-01,,\n",
            "fx_rates": "currency,valid_from,rate\nEUR,2024-01-01,1.1\n",
        },
        {
            "subscriptions": LINES
            + "s1,a,,,10,USD,2025-01-01,2025-02-01,\ns2,a,,,10,EUR,2025-02-01,,\n"
            "s3,b,,,10,EUR,2025-02-01,,\n",
            "fx_rates": "currency,valid_from,rate\nEUR,2024-01-01,1.1\n",
        },
    ),
    "lost_contract_still_paid": (
        {
            "contracts": CONTRACTS + "c1,a,,2025-01-01,2026-01-01,lost,,\n",
            "subscriptions": "id,account_id,contract_id,mrr,currency,valid_from,valid_to\n"
            "s1,a,c1,10,USD,2025-01-01,\n",
        },
        {
            "contracts": CONTRACTS + "c1,a,,2025-01-01,2026-01-01,lost,,\n",
            "subscriptions": "id,account_id,contract_id,mrr,currency,valid_from,valid_to\n"
            "s1,a,c1,10,USD,2025-01-01,2026-01-15\n",
        },
    ),
    "renews_another_accounts_contract": (
        {
            "contracts": CONTRACTS
            + "c1,a,,2025-01-01,2026-01-01,,,\nc2,b,,2026-01-01,2027-01-01,,,c1\n"
        },
        {
            "contracts": CONTRACTS
            + "c1,a,,2025-01-01,2026-01-01,,,\nc2,a,,2026-01-01,2027-01-01,,,c1\n"
        },
    ),
}
RUNS = {"subscriptions": LINES + "s1,a,,,10,USD,2025-01-01,,\n"}
ENDED = {"subscriptions": LINES + "s1,a,,,10,USD,2025-01-01,2025-06-01,\n"}
USAGE = "account_id,on,active_users\n"
OF_MANY = [f"c{k}" for k in range(12)]


def pool(of_one: int) -> Tables:
    """Tickets of twelve accounts, many of them one's."""
    of = ["c0"] * of_one + OF_MANY[1:]
    return {
        "accounts": accounts(*OF_MANY),
        "tickets": rows(
            "id,created_at,account_id",
            [
                f"t{k},2026-0{k % 5 + 1}-{k // 60 + 1:02}T10:{k % 60:02}:00Z,{name}"
                for k, name in enumerate(of)
            ],
        ),
    }


PEOPLE: dict[str, tuple[Tables, Tables]] = {
    "churned_but_paying": (
        RUNS | {"accounts": accounts("a", "b", more="Status", of=("Churned", "Active"))},
        ENDED | {"accounts": accounts("a", "b", more="Status", of=("Churned", "Closed beta"))},
    ),
    "events_after_the_end": (
        ENDED | {"usage_daily": USAGE + "a,2025-08-01,3\n"},
        ENDED | {"usage_daily": USAGE + "a,2025-06-20,3\nb,2025-08-01,3\n"},
    ),
    "usage_before_the_beginning": (
        RUNS | {"usage_daily": USAGE + "a,2024-08-01,3\n"},
        {
            "subscriptions": LINES
            + "s0,a,,,0,USD,2024-08-01,2025-01-01,true\ns1,a,,,10,USD,2025-01-01,,\n",
            "usage_daily": USAGE + "a,2024-08-01,3\n",
        },
    ),
    "one_account_is_many": (pool(120), pool(90)),
    "accounts_of_one_name": (
        {"accounts": "id,name\na,Müller & Söhne GmbH\nb,MULLER SOHNE\n"},
        {"accounts": "id,name,parent_id\na,Müller GmbH,\nb,Müller,a\nc,Möller,\n"},
    ),
    "accounts_of_one_domain": (
        ABC | {"contacts": "id,account_id,email\nx,a,x@acme.com\ny,b,Y@ACME.com\n"},
        ABC | {"contacts": "id,account_id,email\nx,a,x@gmail.com\ny,b,y@gmail.com\nz,c,z@c.com\n"},
    ),
    "paying_without_owner": (
        {
            "subscriptions": LINES + "s1,a,,,10,USD,2025-01-01,,\ns2,b,,,10,USD,2025-01-01,,\n",
            "users": "id,name\nu,U\n",
            "ownerships": "account_id,user_id,role,valid_from\na,u,account_manager,2025-01-01\n",
        },
        RUNS
        | {
            "users": "id,name\nu,U\n",
            "ownerships": "account_id,user_id,role,valid_from\na,u,account_manager,2025-01-01\n",
        },
    ),
}
SPREAD = [f"{day}T{k % 12 + 8:02}:30:00Z" for k, day in enumerate(days("2025-09-01", 90, 3))]


def tickets(*moments: tuple[str, str]) -> str:
    return rows(
        "id,created_at,account_id,resolved_at",
        [f"t{k},{one},a,{other}" for k, (one, other) in enumerate(moments)],
    )


def touches(channels: list[str], *, minutes: int = 20) -> str:
    return rows(
        "id,occurred_at,channel,direction,account_id,minutes",
        [f"x{k},{SPREAD[k]},{name},outbound,a,{minutes}" for k, name in enumerate(channels)],
    )


def answers(scores: list[int]) -> Tables:
    return {
        "surveys": "id,kind,scale_min,scale_max\nn,nps,0,10\n",
        "responses": rows(
            "id,survey_id,responded_at,score,account_id",
            [f"r{k},n,{SPREAD[k]},{score},a" for k, score in enumerate(scores)],
        ),
    }


DEALS = "id,kind,status,created_at,probability\n"


def replied(late: int) -> Tables:
    """Ninety tickets, some of them replied to on the day after they were resolved."""
    return {
        "tickets": rows(
            "id,created_at,account_id,first_replied_at,resolved_at",
            [
                f"t{k},{at},a,{at[:8]}{28 if k < late else at[8:10]}T21:00:00Z,{at[:11]}22:00:00Z"
                for k, at in enumerate(SPREAD)
            ],
        )
    }


def seats(over: int) -> Tables:
    """Thirty days of usage, on some of them by more people than there are seats."""
    used = [f"a,{day},{9 if k < over else 5},5" for k, day in enumerate(days("2026-01-01", 30))]
    return {"usage_daily": rows("account_id,on,active_users,seats", used)}


EVENTS: dict[str, tuple[Tables, Tables]] = {
    "table_stops_early": (
        {
            "touches": touches(["call"] * 90),
            "tickets": tickets(*((f"{day}T09:10:00Z", "") for day in days("2025-09-01", 60))),
        },
        {
            "touches": touches(["call"] * 90),
            "tickets": tickets(*((f"{day}T09:10:00Z", "") for day in days("2025-09-01", 60, 4))),
        },
    ),
    "happened_in_the_future": (
        {"tickets": tickets(("2026-11-03T10:00:00Z", ""))},
        {"tickets": tickets(("2026-06-01T10:00:00Z", ""))},
    ),
    "all_at_midnight": (
        {"tickets": tickets(*((f"{day}T00:00:00Z", "") for day in days("2026-01-01", 30)))},
        {"tickets": tickets(*((moment, "") for moment in SPREAD[:30]))},
    ),
    "value_of_one_month": (
        {"touches": touches(["call"] * 31 + ["sms"] * 10 + ["call"] * 49)},
        {"touches": touches(["call"] * 80 + ["sms"] * 10)},
    ),
    "rows_that_stand_twice": (
        {"tickets": tickets(*[(moment, "") for moment in SPREAD[:5]] * 2)},
        {"tickets": tickets(*((moment, "") for moment in [*SPREAD, *SPREAD[:4]]))},
    ),
    "half_of_the_scale": (answers([1, 3, 5] * 12), answers([1, 3, 6] * 12)),
    "durations_of_another_unit": (
        {"touches": touches(["call"] * 30, minutes=1200)},
        {"touches": touches(["call"] * 30, minutes=45)},
    ),
    "replied_after_resolved": (replied(12), replied(9)),
    "probability_in_per_cent": (
        {"deals": DEALS + "d1,new,open,2026-01-01T00:00:00Z,40\n"},
        {"deals": DEALS + "d1,new,open,2026-01-01T00:00:00Z,1\n"},
    ),
    "more_users_than_seats": (seats(20), seats(9)),
    "currency_left_out": (
        {
            "deals": "id,kind,status,created_at,amount,currency\n"
            "d1,new,open,2026-01-01T00:00:00Z,10,EUR\nd2,new,open,2026-01-01T00:00:00Z,10,\n",
            "fx_rates": "currency,valid_from,rate\nEUR,2024-01-01,1.1\n",
        },
        {
            "deals": "id,kind,status,created_at,amount,currency\n"
            "d1,new,open,2026-01-01T00:00:00Z,10,USD\nd2,new,open,2026-01-01T00:00:00Z,10,\n"
        },
    ),
}
WORLDS = SOURCES | SPANS | PEOPLE | EVENTS


def apart(tables: Tables, folder: Path) -> Snapshot:
    """The snapshot of a world in which `y/tickets` are the tickets of a source y, and
    `then/tickets` what the source x says of them next time.
    """

    def write(name: str, text: str) -> None:
        file = folder / f"{name}.csv"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")

    (folder / "y").mkdir()
    for name, text in tables.items():
        write(name if "/" in name else f"x/{name}", text)
    sources = tuple(
        SourceSettings(name, "folder", {"path": str(folder / name)}) for name in ("x", "y")
    )
    workspace = create(folder / "workspace", WorkspaceSettings(sources=sources))
    workspace.sync(recorded_at=TODAY)
    for name, text in tables.items():
        if name.startswith("then/"):
            write(name.replace("then/", "x/"), text)
            workspace.sync("x", recorded_at=TODAY)
    return workspace.snapshot()


@pytest.fixture(scope="module")
def look(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Look]:
    """What the checks find in a world, by check."""
    with Worlds() as worlds:

        def found(tables: Tables) -> dict[str, Contradiction]:
            world = ABC | tables
            snapshot = (
                worlds.snapshot(world, timezone="UTC", recorded_at=TODAY)
                if not any("/" in name for name in tables)
                else apart(world, tmp_path_factory.mktemp("apart"))
            )
            engine = Engine(snapshot, shipped(), Settings(Calendar("UTC")))
            return {each.check: each for each in contradictions(engine)}

        yield found


def test_every_check_has_its_worlds() -> None:
    assert [check.id for check in CHECKS] == list(WORLDS)
    assert len(CHECKS) >= 15


@pytest.mark.parametrize("check", WORLDS)
def test_a_check_finds_what_it_is_for(look: Look, check: str) -> None:
    found = look(WORLDS[check][0])
    assert set(found) == {check}, "it alone"
    assert found[check].count >= len(found[check].rows) > 0
    assert all(row.about for row in found[check].rows)


@pytest.mark.parametrize("check", WORLDS)
def test_a_check_is_silent_beside_what_looks_like_it(look: Look, check: str) -> None:
    assert look(WORLDS[check][1]) == {}


def test_all_are_counted_and_the_first_are_shown(look: Look) -> None:
    lines = rows(LINES, [f"s{k:02},a,,,10,USD,2025-04-01,2025-01-01," for k in range(50)])
    (found,) = look({"subscriptions": lines}).values()
    assert (found.count, len(found.rows), found.rows[0].key) == (50, 20, "s00")
    assert (found.rows[0].table, found.rows[0].line) == ("subscriptions", 2)
    assert found.text == "Ends before it begins, and so counts on no day: 50 lines"


def test_a_yearly_amount_is_found_among_lines_without_a_product(look: Look) -> None:
    (found,) = look(subscribed(100, 90, 110, 100, 120, 1200)).values()
    assert [(row.key, row.about) for row in found.rows] == [
        ("s5", "1200.000000 a month, and lines without a product cost 100.0")
    ]


@pytest.mark.parametrize("prices", [(40, 70, 100, 200, 400, 1200), (49, 49, 49, 49, 49, 599)])
def test_lines_without_a_product_may_cost_what_they_like(
    look: Look, prices: tuple[int, ...]
) -> None:
    assert look(subscribed(*prices)) == {}


def test_a_rate_is_upside_down_from_the_other_side_too() -> None:
    with Worlds() as worlds:
        snapshot = worlds.snapshot(ABC | rates("EUR,2024-01-01,0.0062"), recorded_at=TODAY)
        engine = Engine(snapshot, shipped(), Settings(Calendar("UTC"), currency="JPY"))
        (found,) = contradictions(engine)
    assert found.rows[0].about == "one EUR is said to be 0.0062 JPY"


def test_cents_that_became_euros_are_told_as_a_part(look: Look) -> None:
    then = subscribed(*range(50, 58))["subscriptions"]
    (found,) = look(subscribed(*range(5000, 5800, 100)) | {"then/subscriptions": then}).values()
    assert found.rows[0].about == ("load 3 states 8 lines anew, all with a 100th of what they had")


def test_what_was_replaced_is_told_with_both_places(look: Look) -> None:
    (found,) = look(SOURCES["another_source_s_key"][0]).values()
    (row,) = found.rows
    assert row.where == "subscriptions 1 (y, line 2)"
    assert row.about == "x, line 2, states another row of this key"
