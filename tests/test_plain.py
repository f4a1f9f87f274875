"""Values are written as JSON and made again from it by their fields alone."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated

import pytest

from kampass.engine.answer import Answer, AnswerNote, Change
from kampass.engine.plain import Json, Plain, keys_of
from kampass.insight.change.bridge import Bridge
from kampass.insight.change.splits import Effect
from kampass.insight.explain.explanation import Explanation, MeasureCount, Row, SourceRow

NOON = datetime(2026, 1, 3, 12, tzinfo=UTC)
MARCH = (date(2026, 3, 1), date(2026, 4, 1))
CHANGE = Change(
    "previous", date(2026, 2, 1), MARCH[0], 8.0, 4.0, None, None, None, None, None, None
)
ANSWER = Answer(
    "mrr_end", *MARCH, None, {"region": None}, 12.0, "money", 12.0, None, 2, None, None, "ok", None,
    "mrr_end@1", "s1", NOON,
)  # fmt: skip


@dataclass(frozen=True)
class _Inner(Plain):
    at: datetime | None
    days: tuple[date, ...] = ()


@dataclass(frozen=True)
class _Outer(Plain):
    inner: Annotated[_Inner, Json(flat=True)]
    several: tuple[_Inner, ...]
    size: Annotated[int, Json("count")]
    double: Annotated[int, Json(made=lambda self: 2 * self.size, place=-1)] = field(
        init=False, repr=False, compare=False
    )
    note: Annotated[str, Json(absent=True)] = ""
    own: Annotated[str, Json(hidden=True)] = ""


def test_a_value_is_written_by_its_fields_and_read_back_the_same() -> None:
    inner = _Inner(NOON, (date(2026, 3, 1),))
    outer = _Outer(inner, (_Inner(None), inner), 3)
    written = {"at": "2026-01-03T12:00:00Z", "days": ["2026-03-01"]}
    assert outer.to_dict() == {
        "double": 6,
        **written,
        "several": [{"at": None, "days": []}, written],
        "count": 3,
    }
    assert list(outer.to_dict()) == ["double", "at", "days", "several", "count"]
    assert _Outer.from_dict(outer.to_dict()) == outer
    assert _Outer.from_dict(replace(outer, note="x", own="y").to_dict(), own="z") == replace(
        outer, note="x", own="z"
    )


def test_what_follows_from_other_fields_follows_anew_from_changed_ones() -> None:
    assert replace(_Outer(_Inner(None), (), 3), size=5).double == 10


def test_an_answer_is_the_contracts_object_with_its_change_where_there_is_one() -> None:
    assert ANSWER.to_dict() == {
        "kpi": "mrr_end",
        "period_start": "2026-03-01",
        "period_end": "2026-04-01",
        "through": None,
        "dimensions": {"region": None},
        "value": 12.0,
        "unit": "money",
        "numerator": 12.0,
        "denominator": None,
        "n": 2,
        "low": None,
        "high": None,
        "status": "ok",
        "reason": None,
        "definition": "mrr_end@1",
        "snapshot": "s1",
        "known_at": "2026-01-03T12:00:00Z",
        "notes": [],
    }
    noted = replace(ANSWER, notes=(AnswerNote("stale", "tickets known to 5 January 2026"),))
    assert noted.to_dict()["notes"] == [
        {"code": "stale", "text": "tickets known to 5 January 2026", "count": None}
    ]
    assert Answer.from_dict(noted.to_dict()) == noted
    changed = replace(ANSWER, change=CHANGE)
    assert list(changed.to_dict())[-1] == "change"
    assert list(changed.to_dict()["change"])[:3] == ["with", "period_start", "period_end"]
    assert Answer.from_dict(changed.to_dict()) == changed


def test_an_explanation_tells_its_answer_and_adds_up_where_the_rows_make_the_value() -> None:
    count = MeasureCount(
        "mrr", "numerator", "sum", "mrr", "", "subscriptions", "", 12.0, 3, 2, (("late", 1),)
    )
    made = Explanation(
        ANSWER,
        "MRR",
        "paid",
        "12",
        (count,),
        12.0,
        (),
        ("note",),
        "SELECT",
        {},
        {"id": 1},
        {},
        "EUR",
    )
    told = made.to_dict()
    assert (told["value"], told["formula"], told["adds_up"], told["definition_text"]) == (
        12.0,
        "paid",
        True,
        {"id": 1},
    )
    assert told["measures"][0]["window"] == "period"
    assert told["measures"][0]["out"] == [{"reason": "late", "rows": 1}]
    assert Explanation.from_dict(told, currency="EUR") == made
    assert not replace(made, from_rows=11.0).adds_up


def test_a_row_is_told_with_its_source_row_and_exact_amounts_as_numbers() -> None:
    origin = SourceRow("tickets", {"id": "t1", "part": None}, "crm", 2, 7, {"mrr": Decimal("1.50")})
    row = Row("nrr", *MARCH, {}, "mrr", origin, {"share": Fraction(1, 4)}, Fraction(3), None, ())
    told = row.to_dict()
    assert (told["id"], told["fields"], told["computed"], told["amount"]) == (
        "t1 / ",
        {"mrr": 1.5},
        {"share": 0.25},
        3,
    )
    assert "about" not in told
    again = Row.from_dict(told)
    assert again.to_dict() == told
    assert again.origin.key == {"id": "t1 / "}


def test_a_bridge_tells_members_by_their_dimensions_and_steps_by_their_names() -> None:
    effects = (Effect("left", ("emea",), -3.0), Effect("measure", ("paid", "due"), 1.0))
    made = Bridge(
        ANSWER, ANSWER, "MRR", ("region",), -2.0, "sum", effects, {"left": -3.0}, {"left": 1}, 0.0
    )
    told = made.to_dict()
    assert list(told) == [
        "kpi", "name", "unit", "before", "after", "difference", "method", "order", "summary",
        "members", "effects", "residual", "reason",
    ]  # fmt: skip
    assert told["effects"] == [
        {
            "kind": "left",
            "dimensions": {"region": "emea"},
            "effect": -3.0,
            "mix": None,
            "rate": None,
        },
        {"kind": "measure", "step": ["paid", "due"], "effect": 1.0, "mix": None, "rate": None},
    ]
    assert Bridge.from_dict(told) == made


@pytest.mark.parametrize("kind", [Answer, Change, Explanation, Row, Bridge])
def test_no_two_fields_of_a_value_are_one_key(kind: type[Plain]) -> None:
    names = [key.name for key in keys_of(kind)]
    assert len(names) == len(set(names))
