"""Kampass from Python: one way in, and the ways to carry an answer on."""

import json
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import kampass
from kampass.engine import Result
from kampass.errors import DataError, KampassError, QuestionError
from kampass.workspace import Workspace, create
from kampass.workspace.settings import SourceSettings, WorkspaceSettings

SCRIPT = "<script>alert(1)</script>"
RECORDED_AT = datetime(2026, 1, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Three accounts pay 100, 50 and 25; one segment is named like a script, one is unknown; two of
    four answers promote.
    """
    folder = tmp_path_factory.mktemp("api")
    files = folder / "files"
    files.mkdir()
    (files / "accounts.csv").write_text(
        f"id,name,segment\nA,Ada,large\nB,Bob,{SCRIPT}\nC,Cy,\n", encoding="utf-8"
    )
    lines = "a,A,100,USD,2025-01-01\nb,B,50,USD,2025-01-01\nc,C,25,USD,2025-12-01\n"
    (files / "subscriptions.csv").write_text(
        "id,account_id,mrr,currency,valid_from\n" + lines, encoding="utf-8"
    )
    (files / "surveys.csv").write_text(
        "id,kind,scale_min,scale_max\nloyal,nps,0,10\n", encoding="utf-8"
    )
    scores = "".join(
        f"r{number},loyal,2025-12-0{number}T12:00:00Z,{score},A\n"
        for number, score in enumerate((10, 9, 8, 3), start=1)
    )
    (files / "responses.csv").write_text(
        "id,survey_id,responded_at,score,account_id\n" + scores, encoding="utf-8"
    )
    source = SourceSettings("files", "folder", {"path": str(files)})
    made = create(folder / "acme", WorkspaceSettings(sources=(source,)))
    made.sync(recorded_at=RECORDED_AT)
    made.close()
    opened = kampass.open(folder / "acme")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def by_segment(workspace: Workspace) -> Result:
    return workspace.kpi(
        ["mrr_end", "nps"], period="2025-11..2025-12", grain="month", by="segment", total=True
    )


def test_the_public_names_are_these() -> None:
    assert kampass.__all__ == ["__version__", "open"]
    assert kampass.KampassError is KampassError
    with pytest.raises(AttributeError):
        _ = kampass.nothing_of_that_name


def test_a_workspace_can_do_this_and_nothing_else(workspace: Workspace) -> None:
    public = {name for name in dir(workspace) if not name.startswith("_")}
    assert public == {
        "ask",
        "backup",
        "bridge",
        "catalogue",
        "catalogue_digest",
        "close",
        "confirm",
        "dismiss",
        "drop",
        "enabled",
        "engine",
        "explain",
        "folder",
        "forget",
        "held",
        "home",
        "jobs",
        "journal",
        "kpi",
        "library",
        "locks",
        "manifest",
        "people",
        "preview",
        "publish",
        "quarantine",
        "refresh",
        "replay",
        "rows",
        "settings",
        "settings_digest",
        "sight",
        "sight_of",
        "sights",
        "snapshot",
        "snapshots",
        "sources",
        "sync",
        "viewer",
        "writing",
    }


def test_an_answer_reads_as_a_value(workspace: Workspace) -> None:
    (answer,) = workspace.kpi("mrr_end", period="2025-12")
    assert (answer.value, answer.unit, answer.n, answer.status, answer.dimensions) == (
        175,
        "money",
        3,
        "ok",
        {},
    )
    assert (answer.period_start, answer.period_end, answer.through) == (
        date(2025, 12, 1),
        date(2026, 1, 1),
        RECORDED_AT,
    )
    with pytest.raises(AttributeError):
        answer.value = 0


def test_one_text_or_several_say_the_same(workspace: Workspace) -> None:
    one = workspace.kpi("mrr_end", period="2025-12", by="segment", where="segment=large")
    several = workspace.kpi(["mrr_end"], period="2025-12", by=["segment"], where=["segment=large"])
    assert one.to_dicts() == several.to_dicts()
    text, instant = (
        workspace.kpi("mrr_end", period="2025-12", known_at=moment)
        for moment in ("2026-01-03T01:00:00+01:00", RECORDED_AT)
    )
    assert text.to_dicts() == instant.to_dicts()


def test_a_result_is_a_sequence_of_answers(by_segment: Result) -> None:
    assert len(by_segment) == len(list(by_segment)) == 10
    assert by_segment[0] == next(iter(by_segment))
    assert list(by_segment[-2:]) == list(by_segment)[-2:]


def test_the_dicts_are_the_contracts_objects(by_segment: Result) -> None:
    assert list(by_segment.to_dicts()[0]) == [
        "kpi",
        "period_start",
        "period_end",
        "through",
        "dimensions",
        "value",
        "unit",
        "numerator",
        "denominator",
        "n",
        "low",
        "high",
        "status",
        "reason",
        "definition",
        "snapshot",
        "known_at",
        "notes",
    ]
    assert json.loads(json.dumps(by_segment.to_dicts(), allow_nan=False)) == by_segment.to_dicts()


def test_arrow_has_types_and_a_column_per_dimension(by_segment: Result) -> None:
    table = by_segment.to_arrow()
    assert table.column_names == [
        "kpi",
        "period_start",
        "period_end",
        "through",
        "dim.segment",
        "value",
        "unit",
        "numerator",
        "denominator",
        "n",
        "low",
        "high",
        "status",
        "reason",
        "definition",
        "snapshot",
        "known_at",
        "notes",
        "total",
    ]
    assert [
        table.schema.field(name).type
        for name in ("value", "n", "period_start", "through", "dim.segment")
    ] == [
        pa.float64(),
        pa.int64(),
        pa.date32(),
        pa.timestamp("us", tz="UTC"),
        pa.string(),
    ]
    assert table.column("dim.segment").to_pylist()[:3] == [SCRIPT, "large", None]


def test_polars_and_pandas_hold_the_same_figures(by_segment: Result) -> None:
    values = [answer.value for answer in by_segment]
    polars, pandas = by_segment.to_polars(), by_segment.to_pandas()
    assert isinstance(polars, pl.DataFrame)
    assert polars["value"].to_list() == values
    assert polars["dim.segment"].to_list() == [
        answer.dimensions.get("segment") for answer in by_segment
    ]
    assert isinstance(pandas, pd.DataFrame)
    assert [None if math.isnan(value) else value for value in pandas["value"]] == values


def test_frames_of_nothing_keep_their_columns(workspace: Workspace) -> None:
    nothing = workspace.kpi("csat", period="2025-12", by="segment")
    assert nothing.to_dicts() == []
    something = workspace.kpi("mrr_end", period="2025-12", by="segment")
    assert nothing.to_arrow().schema == something.to_arrow().schema
    assert nothing.to_polars().is_empty()


def test_a_chart_is_a_vega_lite_specification_with_its_rows(by_segment: Result) -> None:
    chart: dict[str, Any] = by_segment.chart()
    assert chart["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
    rows = [row for picture in chart["vconcat"] for row in picture["data"]["values"]]
    found = {(row["kpi"], row["slice"], row["period"]): row["value"] for row in rows}
    assert len(found) == len(rows)
    asked = {
        (
            by_segment.names[a.kpi],
            by_segment.shown(a, "segment"),
            a.period_start.isoformat(),
        ): a.value
        for a in by_segment
        if a.value is not None
    }
    assert {key: value for key, value in found.items() if value is not None} == asked, (
        "a period without an answer is a gap"
    )
    assert {row["slice"] for row in rows} == {"Large", SCRIPT, "Unknown", "All"}
    assert json.loads(json.dumps(chart, allow_nan=False)) == chart


def test_the_notebook_view_escapes_what_people_typed(by_segment: Result) -> None:
    html = by_segment._repr_html_()
    assert "<script" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert html.count("<tr>") == 1 + len(by_segment)


def test_the_notebook_view_tells_the_total_from_the_unknown(workspace: Workspace) -> None:
    """Cy's 25 stand in the unknown segment, the 175 of all three in the total."""
    rows = (
        workspace.kpi("mrr_end", period="2025-12", by="segment", total=True)
        ._repr_html_()
        .split("<tr>")
    )
    (unknown,) = [row for row in rows if "25.00 USD" in row]
    (total,) = [row for row in rows if "175 USD" in row]
    assert "Unknown" in unknown
    assert "Unknown" not in total


def test_an_interval_comes_with_the_figure(workspace: Workspace) -> None:
    (answer,) = workspace.kpi("nps", period="2025-12")
    assert (answer.value, answer.n, answer.status) == (25, 4, "low_n")
    assert answer.low < 25 < answer.high


def test_what_cannot_be_asked_and_what_is_not_there_are_errors_of_one_family(
    workspace: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(QuestionError, match="Did you mean 'mrr_end'"):
        workspace.kpi("mrr_edn", period="2025")
    with pytest.raises(DataError, match="no workspace"):
        kampass.open(tmp_path)
    assert issubclass(QuestionError, kampass.KampassError)
    assert issubclass(DataError, kampass.KampassError)


def test_names_that_were_documented_lead_to_where_their_functions_live() -> None:
    from kampass.engine.downloads import write as documented_write  # type: ignore[import-not-found]
    from kampass.engine.pictures import trend as documented  # type: ignore[import-not-found]
    from kampass.render.charts import trend
    from kampass.render.files import write
    from kampass.workspace.history.published import (  # type: ignore[import-not-found]
        cards as documented_cards,
    )
    from kampass.workspace.history.restatement import (  # type: ignore[import-not-found]
        difference as documented_difference,
    )
    from kampass.workspace.published import cards
    from kampass.workspace.restated import difference

    assert (documented, documented_write) == (trend, write)
    assert (documented_cards, documented_difference) == (cards, difference)
