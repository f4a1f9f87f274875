"""Pictures keep to one grammar: zero, gaps, what is not over, names beside lines, and no word of
the data in any expression.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any

import pytest
import vl_convert

from kampass.engine import Answer, Result
from kampass.insight.change.bridge import Bridge
from kampass.insight.change.splits import Effect
from kampass.periods import add_months
from kampass.render.charts import Chart, breakdown, distribution, multiples, theme, trend, waterfall

HOSTILE = "'];alert(1);//\\\" ${x} datum.y"
KNOWN_AT = datetime(2026, 1, 3, tzinfo=UTC)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def answer(
    value: float | None, month: int = 1, *, unit: str = "percent", status: str = "ok", **more: Any
) -> Answer:
    start = date(2025, month, 1)
    fields = {
        "dimensions": {},
        "reason": "zero_denominator" if value is None else None,
        "n": 40,
        "low": None,
        "high": None,
        "kpi": "nrr",
    } | more
    return Answer(
        period_start=start,
        period_end=add_months(start, 1),
        through=KNOWN_AT,
        value=value,
        unit=unit,
        numerator=value,
        denominator=1.0,
        status="no_value" if value is None else status,
        definition="nrr@1",
        snapshot="s",
        known_at=KNOWN_AT,
        **fields,
    )


def result(*answers: Answer, by: str | None = None, **more: Any) -> Result:
    return Result(
        answers, (by,) if by else (), names={"nrr": "Net revenue retention", "csat": "CSAT"}, **more
    )


def by_segment(*names: str, months: int = 3) -> Result:
    found = [
        answer(90.0 + place, month, dimensions={"segment": name})
        for month in range(1, months + 1)
        for place, name in enumerate(names)
    ]
    return result(*found, by="segment")


def a_bridge(before: float, after: float, *effects: float) -> Bridge:
    made = tuple(
        Effect("changed", (LETTERS[place],), amount) for place, amount in enumerate(effects)
    )
    return Bridge(
        answer(before),
        answer(after, 2),
        "NRR",
        ("segment",),
        after - before,
        "sum",
        made,
        {},
        {},
        0.0,
    )


PICTURES = {
    "trend": trend(
        result(answer(80.0), answer(None, 2), answer(90.0, 3), answer(91.0, 4, status="partial")),
        notes=[(date(2025, 3, 9), HOSTILE)],
    ),
    "slices": trend(by_segment("a", HOSTILE)),
    "many": trend(by_segment(*LETTERS)),
    "several": trend(result(answer(80.0), answer(3.0, kpi="csat", low=1.0, high=4.0))),
    "multiples": multiples(by_segment("a", HOSTILE)),
    "breakdown": breakdown(by_segment("a", HOSTILE)),
    "waterfall": waterfall(a_bridge(100.0, 60.0, -50.0, 10.0)),
    "distribution": distribution(
        [float(value) for value in range(100)], title=HOSTILE, marks={HOSTILE: 50.0}
    ),
    "strip": distribution([1.0, 2.0], title="Few"),
    "nothing": trend(result(answer(None))),
}


def walk(spec: Any) -> Iterator[dict[str, Any]]:
    if isinstance(spec, dict):
        yield spec
    for inner in (
        spec.values() if isinstance(spec, dict) else spec if isinstance(spec, list) else ()
    ):
        yield from walk(inner)


def layers(chart: Chart, kind: str) -> list[dict[str, Any]]:
    return [
        each
        for each in walk(chart)
        if isinstance(each.get("mark"), dict) and each["mark"]["type"] == kind
    ]


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_draws_and_is_json(name: str) -> None:
    chart = PICTURES[name]
    assert json.loads(json.dumps(chart, allow_nan=False)) == chart
    assert chart["$schema"].endswith("/vega-lite/v6.json")
    for look in ("light", "dark", "print"):
        drawn = vl_convert.vegalite_to_svg(
            dict(chart), vl_version="6.4", config=theme(look), allowed_base_urls=[]
        )
        assert drawn.startswith("<svg")
        assert "NaN" not in drawn


@pytest.mark.parametrize("name", PICTURES)
def test_no_word_of_the_data_gets_into_an_expression(name: str) -> None:
    compiled = vl_convert.vegalite_to_vega(dict(PICTURES[name]), vl_version="6.4")
    expressions = [
        each[key]
        for each in walk(compiled)
        for key in ("signal", "expr", "test", "update", "init")
        if isinstance(each.get(key), str)
    ]
    assert expressions
    assert not [text for text in expressions if "alert" in text or "${x}" in text]


@pytest.mark.parametrize("name", PICTURES)
def test_no_colour_and_no_font_stands_in_a_specification(name: str) -> None:
    text = json.dumps(PICTURES[name])
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb\(|\"font\"", text)


def test_every_style_that_a_specification_names_has_a_look() -> None:
    named = {
        each["mark"]["style"]
        for chart in PICTURES.values()
        for each in walk(chart)
        if isinstance(each.get("mark"), dict) and "style" in each["mark"]
    }
    assert named <= set(theme()["style"])
    assert all(set(theme(look)["style"]) == set(theme()["style"]) for look in ("dark", "print"))


def test_a_gap_is_a_gap_and_says_why() -> None:
    """Three months, none in February: no line reaches over it."""
    rows = trend(result(answer(80.0), answer(None, 2), answer(90.0, 3)))["data"]["values"]
    assert [row["value"] for row in rows] == [80.0, None, 90.0]
    assert [row["solid"] for row in rows] == [80.0, None, 90.0]
    assert [row["alone"] for row in rows] == [True, False, True]
    assert rows[1]["said"] == "nothing to measure"
    chart = trend(result(answer(80.0), answer(None, 2), answer(90.0, 3)))
    assert "Gaps: nothing to measure" in " ".join(chart.words)
    assert all(
        layer["mark"]["invalid"] == "break-paths-show-domains" for layer in layers(chart, "line")
    )


def test_periods_without_any_value_at_the_ends_are_left_off_and_named() -> None:
    chart = trend(
        result(answer(None), answer(80.0, 2), answer(81.0, 3), answer(None, 4), answer(None, 5))
    )
    assert [row["period"] for row in chart["data"]["values"]] == ["2025-02-01", "2025-03-01"]
    assert "No value: Jan 2025 to May 2025" in " ".join(chart.words)


def test_what_is_not_over_is_dashed_open_and_said_in_words() -> None:
    chart = trend(result(answer(80.0), answer(85.0, 2), answer(90.0, 3, status="partial")))
    rows = chart["data"]["values"]
    assert [row["solid"] for row in rows] == [80.0, 85.0, None]
    assert [row["dashed"] for row in rows] == [None, 85.0, 90.0]
    assert [row["open"] for row in rows] == [False, False, True]
    assert "open and dashed: not over in the data" in chart.words[0]
    assert any(
        row["text"].endswith("so far")
        for layer in layers(chart, "text")
        for row in layer["data"]["values"]
    )


def test_restated_points_are_ringed() -> None:
    chart = trend(result(answer(80.0), answer(85.0, 2)), restated={("nrr", date(2025, 2, 1))})
    assert [row["restated"] for row in chart["data"]["values"]] == [False, True]
    assert "ringed: restated" in chart.words[0]
    assert [layer for layer in layers(chart, "point") if layer["mark"].get("style") == "ring"]


def test_one_line_has_its_interval_as_a_band_and_two_have_none() -> None:
    one = trend(result(answer(80.0, low=70.0, high=88.0), answer(81.0, 2, low=71.0, high=89.0)))
    assert layers(one, "area")
    assert "shaded: 95 % interval" in one.words[0]
    two = result(
        *(
            answer(80.0, month, low=70.0, high=88.0, dimensions={"segment": name})
            for month in (1, 2)
            for name in "ab"
        ),
        by="segment",
    )
    assert not layers(trend(two), "area")
    assert layers(multiples(two), "area"), "small multiples have one line each"


def test_slices_differ_in_shape_and_are_named_where_they_end_not_in_a_legend() -> None:
    chart = trend(by_segment(*LETTERS[:6]))
    points = layers(chart, "point")[0]["encoding"]
    assert points["shape"]["field"] == "line"
    assert len(set(points["shape"]["scale"]["range"][:6])) == 6
    assert all(each["legend"] is None for each in walk(chart) if "legend" in each)
    words = [
        row["text"]
        for layer in layers(chart, "text")
        for row in layer.get("data", {}).get("values", ())
    ]
    assert [text.split()[0] for text in words] == list(LETTERS[:6])


def test_names_at_the_ends_of_lines_do_not_overlap() -> None:
    """Six lines end within a hundredth: their names stand sixteen pixels apart."""
    found = [
        answer(90.0 + place / 1000, month, dimensions={"segment": LETTERS[place]})
        for month in (1, 2)
        for place in range(6)
    ]
    chart = trend(result(*found, answer(70.0, 3, dimensions={"segment": "A"}), by="segment"))
    labels = [row for layer in layers(chart, "text") for row in layer["data"]["values"]]
    domain = layers(chart, "line")[0]["encoding"]["y"]["scale"]["domain"]
    pixels = sorted(
        (row["at"] - domain[0]) / (domain[1] - domain[0]) * (chart["height"] - 4) for row in labels
    )
    assert all(after - before > 15.9 for before, after in pairwise(pixels))


def test_more_than_six_slices_become_small_multiples_on_one_scale() -> None:
    chart = trend(by_segment(*LETTERS))
    assert len(chart["concat"]) == 24
    assert "The 24 of 26 that end highest" in chart.words
    domains = {
        tuple(each["encoding"]["y"]["scale"]["domain"])
        for each in layers(chart, "line")
        if "scale" in each["encoding"]["y"]
    }
    assert len(domains) == 1


def test_two_slices_of_one_name_stay_two() -> None:
    found = [
        answer(value, dimensions={"account": key}) for key, value in (("A1", 5.0), ("A2", 7.0))
    ]
    shown = result(
        *found, by="account", labels={("account", "A1"): "Acme", ("account", "A2"): "Acme"}
    )
    assert [row["slice"] for row in breakdown(shown)["data"]["values"]] == ["Acme", "Acme (2)"]


def test_notes_stand_at_the_period_that_holds_them_and_others_are_left_out() -> None:
    chart = trend(
        result(answer(80.0), answer(81.0, 2)),
        notes=[(date(2025, 2, 27), "New desk"), (date(2024, 5, 1), "Long ago")],
    )
    rules = [
        layer["data"]["values"][0]
        for layer in layers(chart, "rule")
        if layer["mark"].get("style") == "note-rule"
    ]
    assert [(row["period"], row["full"]) for row in rules] == [("2025-02-01", "New desk")]


def test_bars_begin_at_zero_are_sorted_and_have_the_total_as_a_rule() -> None:
    found = [
        answer(value, dimensions={"segment": name}, low=value - 1, high=value + 1)
        for name, value in (("a", 91.0), ("b", 95.0), ("c", None))
        if value
    ]
    chart = breakdown(
        result(
            *found,
            answer(None, dimensions={"segment": "c"}),
            answer(93.0),
            by="segment",
            total=True,
        )
    )
    assert [row["slice"] for row in chart["data"]["values"]] == ["b", "a", "c"]
    assert [row["text"] for row in chart["data"]["values"]] == [
        "95.0 %",
        "91.0 %",
        "nothing to measure",
    ]
    assert layers(chart, "bar")[0]["encoding"]["x"]["scale"]["domain"][0] == 0
    assert {layer["mark"]["style"] for layer in layers(chart, "rule")} == {"whisker", "whole"}
    assert "all together, 93.0 %" in " ".join(chart.words)


def test_a_breakdown_shows_the_last_period_that_holds_a_value_or_the_one_asked_for() -> None:
    answers = by_segment("a", months=2)
    nothing = replace(answers[0], period_start=date(2025, 3, 1), value=None, reason="not_covered")
    whole = replace(answers, answers=(*answers, nothing))
    assert "Feb 2025" in breakdown(whole).words[0]
    assert "Jan 2025" in breakdown(whole, period=date(2025, 1, 1)).words[0]


@pytest.mark.parametrize("value", [0.0, -5.0, 5.0, 1e-9, 1e12, 100.0])
def test_a_single_value_has_a_scale_that_holds_it(value: float) -> None:
    for zero in (True, False):
        chart = (
            breakdown(result(answer(value, dimensions={"segment": "a"}), by="segment"))
            if zero
            else trend(result(answer(value)))
        )
        channel = (
            layers(chart, "bar")[0]["encoding"]["x"]
            if zero
            else layers(chart, "line")[0]["encoding"]["y"]
        )
        low, high = channel["scale"]["domain"]
        assert low <= value <= high
        assert low < high
        assert 2 <= len(channel["axis"]["values"]) <= 8
        assert not zero or low <= 0 <= high


def test_a_waterfall_ends_where_the_figure_ends() -> None:
    chart = waterfall(a_bridge(100.0, 60.0, -50.0, 10.0))
    rows = chart["data"]["values"]
    assert [(row["from"], row["to"]) for row in rows] == [
        (0.0, 100.0),
        (100.0, 50.0),
        (50.0, 60.0),
        (0.0, 60.0),
    ]
    assert [row["kind"] for row in rows] == ["level", "loss", "gain", "level"]


def test_steps_that_would_vanish_beside_their_figures_stand_alone_on_zero() -> None:
    rows = waterfall(a_bridge(104.0, 103.0, -2.0, 1.0))["data"]["values"]
    assert [(row["from"], row["to"]) for row in rows] == [(0.0, -2.0), (-2.0, -1.0), (0.0, -1.0)]
    assert [row["shown"] for row in rows] == ["-2.0 pp", "+1.0 pp", "-1.0 pp"]


def test_revenue_movements_make_a_waterfall_and_what_was_not_asked_for_is_named() -> None:
    amounts = {"mrr_start": 100.0, "new_mrr": 40.0, "churned_mrr": 15.0, "mrr_end": 130.0}
    chart = waterfall(
        Result(
            tuple(answer(value, unit="money", kpi=kpi) for kpi, value in amounts.items()),
            names={kpi: kpi for kpi in amounts},
        )
    )
    assert [(row["slice"], row["shown"]) for row in chart["data"]["values"]] == [
        ("mrr_start", "100 USD"),
        ("new_mrr", "+40.00 USD"),
        ("churned_mrr", "-15.00 USD"),
        ("Not asked for", "+5.00 USD"),
        ("mrr_end", "130 USD"),
    ]


def test_a_distribution_counts_every_value_or_says_how_many_it_leaves_out() -> None:
    values = [float(value % 50) for value in range(200)] + [1000.0]
    chart = distribution(values, title="Time to resolution")
    assert sum(row["count"] for row in chart["data"]["values"]) == 200
    assert any("Not drawn: 1 above 60 hours, at most 1,000.0 h" in line for line in chart.words)
    assert layers(chart, "bar")[0]["encoding"]["y"]["scale"]["domain"][0] == 0


def test_few_durations_are_drawn_one_by_one() -> None:
    assert len(distribution([3.0, 1.0, 2.0], title="Few")["data"]["values"]) == 3


@pytest.mark.parametrize("make", [trend, multiples, breakdown])
def test_no_value_anywhere_is_said(make: Any) -> None:
    chart = make(
        result(answer(None, reason="not_connected"), answer(None, 2, reason="not_connected"))
    )
    assert "No value to draw: not connected" in json.dumps(chart)


@pytest.mark.parametrize(
    ("start", "end", "words"),
    [
        (date(2025, 1, 1), date(2025, 4, 1), "Q%q %Y"),
        (date(2025, 1, 1), date(2026, 1, 1), "%Y"),
        (date(2025, 2, 1), date(2025, 3, 1), "%b %Y"),
        (date(2025, 3, 3), date(2025, 3, 10), "%-d %b %Y"),
    ],
)
def test_the_time_axis_speaks_the_grain(start: date, end: date, words: str) -> None:
    chart = trend(result(replace(answer(80.0), period_start=start, period_end=end)))
    assert chart["encoding"]["x"]["axis"]["format"] == words
    assert chart["encoding"]["x"]["scale"]["type"] == "utc"
