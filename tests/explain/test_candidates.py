"""Every row of a measure's table is either in or out, once, for a reason that is true of it; and
every row shown is really there.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.explain.conftest import seeds_of_every_zone
from tests.oracle.times import Zone, shift_months
from tests.store.conftest import Desk
from tests.worlds import World

from kampass.engine import Engine, Question
from kampass.insight.explain import Explanation, Row, explain, rows_behind
from kampass.model import TABLES

(SEED,) = seeds_of_every_zone(1, start=900)
MOMENTS = {
    "contracts_signed": "signed_on",
    "deals_closed": "closed_at",
    "purchases": "purchased_at",
    "costs": "on",
    "touches": "occurred_at",
    "first_touches": "occurred_at",
    "usage": "on",
    "resolutions": "resolved_at",
    "first_replies": "first_replied_at",
    "answers": "responded_at",
    "invitations": "invited_at",
    "feedback_received": "received_at",
    "feedback_implemented": "implemented_at",
    "goals_due": "due_on",
    "mentions": "mentioned_at",
    "leavers": "left_on",
}
RESTS = {
    "was not signed in the period",
    "was not closed",
    "was not made in the period",
    "did not arise in the period",
    "did not happen in the period",
    "lies outside the period",
    "was not given in the period",
    "was not sent in the period",
    "was not received in the period",
    "was not implemented in the period",
    "is not due in the period",
    "did not leave in the period",
    "is not due",
    "is not open at the end",
}
PARTS = 3
Made = Callable[[int], tuple[World, Engine, Path]]


@pytest.mark.parametrize("share", range(PARTS))
def test_every_row_of_the_table_is_in_or_out_once_and_for_a_true_reason(
    random_engine: Made, share: int
) -> None:
    world, engine, _ = random_engine(SEED)
    period, checked = world.periods()[1].text, 0
    assert "Q" in period  # the period before begins three months earlier
    for turn, kpi in enumerate(kpi for kpi in engine.catalogue if not kpi.suppress_below):
        if turn % PARTS != share:
            continue
        by = (
            ("segment",)
            if turn % 2 and "segment" in kpi.named_dimensions and not kpi.distribution
            else ()
        )
        question = Question((kpi.id,), period, None, by)
        explained = explain(engine, question)
        if not explained or explained[0].measures[0].candidates is None:
            continue
        parts = ("numerator", "denominator") if kpi.denominator else ("numerator",)
        inside = [row for part in parts for row in rows_behind(engine, question, part)]
        excluded = list(rows_behind(engine, question, "excluded"))
        for name in {row.measure for row in excluded}:
            out = [row for row in excluded if row.measure == name]
            held = list(
                {
                    (row.origin.id, *row.dimensions.values()): row
                    for row in inside
                    if row.measure == name
                }.values()
            )
            whole(engine, name, held, out, cut=bool(by))
            for explanation in explained:
                counted(
                    explanation,
                    name,
                    held,
                    out,
                    [
                        dimension
                        for dimension in explanation.answer.dimensions
                        if name not in kpi.whole
                    ],
                )
            for row in out if kpi.measures[name].window != "year" else ():
                true(engine, explained[0], kpi.measures[name].fact, row)
            checked += len(out)
    assert checked > 500


def whole(engine: Engine, name: str, held: list[Row], out: list[Row], *, cut: bool) -> None:
    """In and out together are the table's rows; without a cut no row is twice among them."""
    table = held[0].origin.table if held else out[0].origin.table
    hidden = (
        " WHERE survey_id NOT IN (SELECT id FROM surveys WHERE kind IN ('enps', 'esat'))"
        if table in {"responses", "invitations"}
        else ""
    )
    columns = ", ".join(f'"{column}"' for column in TABLES[table].key)
    keys = engine.backend.run(f'SELECT {columns} FROM "{table}"{hidden}')
    everything = {
        " / ".join("" if cell is None else str(cell) for cell in row) for row in keys.all()
    }
    ids = [
        row.origin.id
        for row in (*held, *out)
        if not (table == "invitations" and row.origin.fields["invited_at"] is None)
    ]
    assert set(ids) == everything, (table, name)
    if not cut:
        assert max(Counter(ids).values()) == 1, (table, name)


def counted(
    explanation: Explanation, name: str, held: list[Row], out: list[Row], by: list[str]
) -> None:
    """The counts of a slice are those of the rows."""
    (measure,) = (measure for measure in explanation.measures if measure.name == name)
    assert measure.candidates == (measure.counted or 0) + sum(rows for _, rows in measure.left_out)
    place = {dimension: explanation.answer.dimensions[dimension] for dimension in by}
    here = [row for row in held if not by or row.dimensions == place]
    assert measure.counted == len({row.origin.id for row in here})
    if measure.table == "invitations":
        return
    reasons = Counter(
        row.reason for row in out if not row.dimensions or not by or row.dimensions == place
    )
    assert reasons == Counter(
        {reason: rows for reason, rows in measure.left_out if reason != "lies in another slice"}
    ), (name, place)


def true(engine: Engine, explanation: Explanation, fact: str, row: Row) -> None:
    """A row's reason, by a predicate of this test."""
    fields, answer, reason = row.origin.fields, explanation.answer, str(row.reason)
    zone = Zone(engine.settings.calendar.timezone)
    assert answer.through
    begins, ends = zone.first_instant(answer.period_start), zone.first_instant(answer.period_end)
    if "the previous period" in reason:
        begins, ends, reason = (
            zone.first_instant(shift_months(answer.period_start, -3)),
            begins,
            reason.replace("the previous period", "the period"),
        )
    until = min(ends, answer.through)
    moment = fields.get(MOMENTS.get(fact, ""))
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment, until = zone.first_instant(moment), max(until, begins)
    if reason == "before the period":
        assert moment < begins, row
    elif reason.startswith("after the period, or"):
        assert fact not in MOMENTS or moment >= min(until, ends), row
    elif reason == "after the period":
        assert moment >= ends, row
    elif reason == "after the data ends":
        assert until <= moment < ends, row
    elif reason == "belongs to a test account":
        account = fields.get("account_id") or fields.get("referrer_account_id") or row.origin.id
        (test,) = engine.backend.run(
            "SELECT is_test FROM accounts WHERE id = $id", {"id": account}
        ).first() or (False,)
        assert test, row
    elif reason.startswith("does not meet: "):
        assert not met(reason.removeprefix("does not meet: "), row.computed), row
    if fact in MOMENTS:
        assert reason not in RESTS or moment is None, row


def met(condition: str, values: dict[str, Any]) -> bool:
    """A condition as Python reads it; what is unknown is not met."""
    text = re.sub(r"(\w+) BETWEEN (\S+) AND (\S+)", r"\2 <= \1 <= \3", condition)
    for sql, python in (
        (" IS NULL", " is None"),
        ("NOT ", "not "),
        (" AND ", " and "),
        (" IN ", " in "),
        (" <> ", " != "),
        ("COALESCE", "coalesce"),
    ):
        text = text.replace(sql, python)
    text = re.sub(r"(?<![<>!=]) = ", " == ", text)
    with suppress(TypeError):
        return bool(
            eval(text, {"coalesce": lambda one, other: other if one is None else one}, dict(values))  # noqa: S307
        )
    return False


def test_every_row_shown_is_that_row_of_that_file(random_engine: Made) -> None:
    world, engine, files = random_engine(SEED)
    lines = {table: keyed_lines(files / f"{table}.csv", table) for table in world.tables}
    period, checked = world.periods()[1].text, 0
    for kpi_id in (
        "nrr",
        "csat",
        "contract_renewal_rate",
        "touches_to_closure",
        "usage_logins",
        "average_purchase_value",
        "interaction_gap",
        "upsell_revenue",
    ):
        for row in rows_behind(engine, Question((kpi_id,), period), "numerator"):
            for piece in (row.origin, *row.evidence):
                assert lines[piece.table][piece.line] == tuple(piece.key.values()), piece
                assert piece.source == "files" and piece.load == 1
                checked += 1
    assert checked > 100


def keyed_lines(file: Path, table: str) -> dict[int | None, tuple[Any, ...]]:
    """The key on each line of a file, as the model reads it."""
    read = {"date": date.fromisoformat, "instant": datetime.fromisoformat, "text": str}
    with file.open(encoding="utf-8-sig", newline="") as opened:
        reader = csv.DictReader(opened)
        found = {}
        for cells in reader:
            with suppress(ValueError, KeyError):
                found[reader.line_num] = tuple(
                    read[TABLES[table].column(name).type](cells[name]) if cells[name] else None
                    for name in TABLES[table].key
                )
        return found


def test_after_a_second_load_a_changed_row_names_that_load_and_its_line_there(
    tmp_path: Path,
) -> None:
    """p1 stays as it was on line 2 of load 1; p2 changes and stands on line 2 of load 2, p3 is new
    on line 3; p1 moves to line 4.
    """
    desk = Desk(tmp_path)
    header = "id,account_id,purchased_at,amount,currency"
    desk.load(
        20,
        accounts="id,name\nA,A",
        purchases=f"{header}\np1,A,2025-05-01T00:00:00Z,1,USD\np2,A,2025-05-02T00:00:00Z,2,USD",
    )
    desk.load(
        21,
        purchases=f"{header}\np2,A,2025-05-02T00:00:00Z,20,USD\np3,A,2025-05-03T00:00:00Z,3,USD\np1,A,2025-05-01T00:00:00Z,1,USD",
    )
    desk.workspace.publish()
    rows = list(desk.workspace.rows("average_purchase_value", period="2025-05"))
    assert [(row.origin.id, row.origin.load, row.origin.line, row.amount) for row in rows] == [
        ("p1", 1, 2, 1),
        ("p2", 2, 2, 20),
        ("p3", 2, 3, 3),
    ]
    earlier = list(
        desk.workspace.rows(
            "average_purchase_value", period="2025-05", known_at="2026-01-20T12:00:00Z"
        )
    )
    assert [(row.origin.id, row.origin.load, row.origin.line, row.amount) for row in earlier] == [
        ("p1", 1, 2, 1),
        ("p2", 1, 3, 2),
    ]
    desk.workspace.close()


def test_a_row_outside_every_slice_names_none(tmp_path: Path) -> None:
    """d1 counts for emea; d2 is lost, in a known slice; d3 was closed before the period and lies in
    no slice.
    """
    desk = Desk(tmp_path)
    desk.load(
        20,
        accounts="id,name,region\nA,A,emea",
        deals="""id,kind,status,created_at,closed_at,account_id,amount,currency
            d1,new,won,2025-05-01T00:00:00Z,2025-05-03T00:00:00Z,A,5,USD
            d2,new,lost,2025-05-01T00:00:00Z,2025-05-04T00:00:00Z,A,5,USD
            d3,new,won,2025-04-01T00:00:00Z,2025-04-30T23:59:59Z,A,5,USD""",
    )
    desk.workspace.publish()
    rows = list(desk.workspace.rows("revenue_booked", "excluded", period="2025-05", by="region"))
    assert [(row.origin.id, row.dimensions, row.reason) for row in rows] == [
        ("d2", {"region": "emea"}, "does not meet: status = 'won'"),
        ("d3", {}, "before the period"),
    ]
    desk.workspace.close()
