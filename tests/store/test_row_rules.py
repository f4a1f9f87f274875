"""Which rows cannot be, and which are read although something is missing in them."""

from datetime import date
from pathlib import Path

import pytest
from tests.store.conftest import Desk

from kampass.model import TABLES
from kampass.workspace.loads.template import explanation

ACCOUNTS = "id,name\nA,A"
BEFORE, AT, AFTER = (f"2025-03-0{number}T10:00:00Z" for number in (1, 2, 3))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def aside(desk: Desk, table: str, text: str) -> dict[int, tuple[str, str]]:
    """Line, column and reason of what is set aside of a table."""
    desk.load(1, accounts=ACCOUNTS, **{table: text})
    return {found[1]: (found[2], found[4]) for found in desk.set_aside()}


def test_a_ticket_is_not_answered_or_resolved_before_it_was_created(desk: Desk) -> None:
    """k1 and k2 are; k3 is answered at once and k4 never, and both stay."""
    tickets = "\n".join(
        [
            "id,created_at,first_replied_at,resolved_at",
            f"k1,{AT},{BEFORE},{AFTER}",
            f"k2,{AT},,{BEFORE}",
            f"k3,{AT},{AT},{AFTER}",
            f"k4,{AT},,",
        ]
    )
    assert aside(desk, "tickets", tickets) == {
        2: ("first_replied_at", "lies before created_at"),
        3: ("resolved_at", "lies before created_at"),
    }


def test_a_won_or_lost_deal_is_not_closed_before_it_was_created(desk: Desk) -> None:
    """Of the open one the date is an expectation; of the last nobody knows when it was created."""
    deals = "\n".join(
        [
            "id,kind,status,created_at,closed_at",
            f"d1,new,won,{AT},{BEFORE}",
            f"d2,new,lost,{AT},{BEFORE}",
            f"d3,new,open,{AT},{BEFORE}",
            f"d4,new,won,{AT},{AT}",
            f"d5,new,won,,{BEFORE}",
        ]
    )
    why = ("closed_at", "lies before created_at")
    assert aside(desk, "deals", deals) == {2: why, 3: why}


def test_feedback_is_not_implemented_before_it_was_received(desk: Desk) -> None:
    feedback = (
        f"id,received_at,status,implemented_at\nf1,{AT},implemented,{BEFORE}\n"
        f"f2,{AT},implemented,{AFTER}"
    )
    why = ("implemented_at", "lies before received_at")
    assert aside(desk, "feedback", feedback) == {2: why}


def test_a_negative_purchase_is_a_credit_or_cannot_be(desk: Desk) -> None:
    """Of 300 and 100 (two purchases), less 20 and 40; the recurring one below nought is set
    aside.
    """
    purchases = "\n".join(
        [
            "id,account_id,purchased_at,amount,currency,kind",
            f"p1,A,{AT},300,USD,one_off",
            f"p2,A,{AT},100,USD,",
            f"p3,A,{AT},-20,USD,",
            f"p4,A,{AT},-40,USD,credit",
            f"p5,A,{AT},-5,USD,recurring",
        ]
    )
    assert aside(desk, "purchases", purchases) == {6: ("amount", "is negative and no credit")}
    desk.workspace.publish()
    for kpi, expected in {"average_purchase_value": 200, "purchase_frequency": 2}.items():
        (answer,) = desk.workspace.kpi(kpi, period="2025-03")
        assert answer.value == expected, kpi


def test_currencies_are_read_in_any_case(desk: Desk) -> None:
    """100 of usd and 10 of Eur at 2 are 120."""
    desk.load(
        1,
        accounts=ACCOUNTS,
        fx_rates="currency,valid_from,rate\neur,2025-01-01,2",
        subscriptions="id,account_id,mrr,currency,valid_from\n"
        "l1,A,100,usd,2025-01-01\nl2,A,10,Eur,2025-01-01",
    )
    desk.workspace.publish()
    (answer,) = desk.workspace.kpi("mrr_end", period="2025-03")
    assert answer.value == 120


def test_without_contacts_their_ids_stand_and_each_is_one_person(desk: Desk) -> None:
    """p answers twice, q once: two answers count. With a table of contacts that knows only q, p's
    are answers of nobody known, and three count.
    """
    answers = (
        "id,survey_id,responded_at,score,contact_id\n"
        f"r1,s,{BEFORE},10,p\nr2,s,{AT},0,p\nr3,s,{AT},9,q"
    )
    surveys = "id,kind,scale_min,scale_max\ns,nps,0,10"
    desk.load(1, surveys=surveys, responses=answers)
    desk.workspace.publish()
    (answer,) = desk.workspace.kpi("nps", period="2025-03")
    assert (answer.value, answer.n) == (0, 2)
    assert desk.ask("SELECT what FROM _notice") == []
    desk.load(2, contacts="id\nq")
    desk.workspace.publish()
    (answer,) = desk.workspace.kpi("nps", period="2025-03")
    assert answer.n == 3
    assert desk.ask('SELECT "rows", what FROM _notice') == [(2, "unknown in contacts, kept empty")]


def test_deals_may_not_say_when_they_were_created(desk: Desk) -> None:
    """What is won counts, and March is covered, for it holds the earliest close."""
    desk.load(
        1,
        accounts=ACCOUNTS,
        deals=f"id,kind,status,closed_at,amount,currency\nd1,new,won,{AT},70,USD",
    )
    desk.workspace.publish()
    (answer,) = desk.workspace.kpi("revenue_booked", period="2025-03")
    assert (answer.value, answer.n) == (70, 1)
    (stretch,) = desk.workspace.engine().coverage.stretches["deals"]
    assert stretch.start.date() == date(2025, 3, 1)


def test_the_words_of_valid_to_say_that_it_is_not_paid_any_more() -> None:
    for table in ("subscriptions", "contracts"):
        (line,) = [
            text
            for text in explanation(TABLES[table]).splitlines()
            if text.startswith("  valid_to")
        ]
        assert "the first day that is not paid" in line
