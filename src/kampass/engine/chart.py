"""Answers as a chart: a Vega-Lite specification, a plain value that notebooks, pages and images share.

A period without an answer is a gap, never a line drawn through it. The interval is shaded where there is one line;
bands of several lines would only hide one another.
"""

from typing import Any

from kampass.engine.result import Answer, Result

_SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"


class Chart(dict[str, Any]):
    """A Vega-Lite specification that notebooks draw by themselves."""

    def _repr_mimebundle_(self, **_: object) -> dict[str, Any]:
        return {"application/vnd.vegalite.v6+json": dict(self), "text/plain": "A Vega-Lite chart of Kampass answers"}


def chart_of(result: Result) -> Chart:
    """A line over periods per KPI and slice."""
    x = {"field": "period", "type": "temporal", "scale": {"type": "utc"}, "title": None}
    shared = {"x": x, "color": {"field": "slice", "type": "nominal", "title": None}}
    value = {"field": "value", "type": "quantitative", "title": None, "scale": {"zero": False}}
    tooltip = [{"field": name} for name in ("kpi", "slice", "period", "value", "n", "status")]
    band = {"y": {"field": "low", "type": "quantitative", "title": None}, "y2": {"field": "high"}}
    rows = _rows(result)
    layer: list[dict[str, Any]] = [
        {"mark": {"type": "line", "point": True, "invalid": "break-paths-show-domains"}, "encoding": {**shared, "y": value, "tooltip": tooltip}}
    ]
    if len({row["slice"] for row in rows}) == 1:
        layer.insert(0, {"mark": {"type": "area", "opacity": 0.2}, "encoding": {**shared, **band}})
    return Chart(
        {
            "$schema": _SCHEMA,
            "data": {"values": rows},
            "facet": {"row": {"field": "kpi", "type": "nominal", "title": None}},
            "spec": {"layer": layer, "width": 480, "height": 180},
            "resolve": {"scale": {"y": "independent"}},
        }
    )


def _rows(result: Result) -> list[dict[str, Any]]:
    """One row per KPI, slice and period; without a value where there is no answer."""
    periods = list(dict.fromkeys(answer.period_start for answer in result))
    lines: dict[tuple[str, str], dict[object, Answer]] = {}
    for answer in result:
        shown = ", ".join(result.shown(answer, name) for name in answer.dimensions) or "All"
        lines.setdefault((result.names.get(answer.kpi, answer.kpi), shown), {})[answer.period_start] = answer
    rows = []
    for (kpi, shown), answers in lines.items():
        for start in periods:
            row: dict[str, Any] = {"kpi": kpi, "slice": shown, "period": start.isoformat()}
            found = answers.get(start)
            rows.append(row | {name: getattr(found, name, None) for name in ("value", "low", "high", "n", "status")})
    return rows
