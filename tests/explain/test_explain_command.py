"""`kampass explain` for people and programs: every status, every KPI, odd names, narrow terminals,
refusals in words.
"""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from tests.store.conftest import Desk

from kampass.cli import main
from kampass.cli.views.explain import show_explanations, show_rows
from kampass.workspace import Workspace

OWN = """family: own
kpis:
  - id: loud_mentions
    name: Loud Mentions
    question: How often are we loved or hated in public?
    formula: mentions with a sentiment far from nothing / 1e2
    kind: activity
    unit: count
    direction: neutral
    cadence: {review: weekly}
    needs: [mentions]
    dimensions: [channel]
    fact: mentions
    measures:
      Loud: count(*) filter (where abs(sentiment) > 0.5)
    total: Loud
    version: 1
"""
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def odd(tmp_path: Path) -> Iterator[Workspace]:
    """Accounts whose names and segments steer terminals, quote and lie right to left; deals in a
    currency without a rate.
    """
    desk = Desk(tmp_path)
    desk.load(
        20,
        accounts='id,name,segment\nA,"\x1b[31mred\x1b[0m","the ""big"" ones"\nB,=cmd(),"o\'hara; '
        'DROP"\nC,C,',
        deals="""id,kind,status,created_at,closed_at,account_id,amount,currency
            d1,new,won,2025-05-01T00:00:00Z,2025-05-03T00:00:00Z,A,0.1,USD
            d2,new,won,2025-05-01T00:00:00Z,2025-05-04T00:00:00Z,A,0.2,USD
            d3,new,lost,2025-05-01T00:00:00Z,2025-05-04T00:00:00Z,B,5,USD
            d4,new,won,2025-06-01T00:00:00Z,2025-06-30T23:59:59Z,C,5,CHF""",
        mentions="id,mentioned_at,channel,account_id,sentiment\nm1,2025-05-02T00:00:00Z,\x1b]0;web\x07,A,0.9\nm2,2025-05-02T00:00:00Z,x,A,0.1",
    )
    (desk.workspace.folder / "kpis" / "own.yaml").write_text(OWN, encoding="utf-8")
    desk.workspace.publish()
    yield desk.workspace
    desk.workspace.close()


@pytest.fixture
def run(odd: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def ran(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr(
            sys, "argv", ["kampass", "explain", *words, "--workspace", str(odd.folder)]
        )
        with pytest.raises(SystemExit) as left:
            main()
        told = capsys.readouterr()
        return int(left.value.code or 0), told.out, told.err

    return ran


def strict(text: str) -> Any:
    def refuse(word: str) -> None:
        raise AssertionError(word)

    return json.loads(text, parse_constant=refuse)


def test_every_kpi_of_the_company_is_explained_and_adds_up(
    company: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    made = company.explain([kpi.id for kpi in company.catalogue], period="2025-Q3")
    assert len(made) >= len(list(company.catalogue))
    assert not [explanation.answer.kpi for explanation in made if not explanation.adds_up]
    show_explanations(made, "json")
    assert len(strict(capsys.readouterr().out)) == len(made)
    show_explanations(made, "table")
    assert "this is a bug" not in capsys.readouterr().out


def test_nothing_connected_and_nothing_covered_are_said_and_not_counted(odd: Workspace) -> None:
    ids = [kpi.id for kpi in odd.catalogue]
    reasons = set()
    for period in ("2025-05", "1990"):
        for made in odd.explain(ids, period=period, total=True):
            json.dumps(made.to_dict(), allow_nan=False, default=str)
            reasons.add(made.answer.reason)
            if made.answer.reason in {"not_connected", "not_covered"}:
                assert (
                    all(
                        measure.candidates is None and not measure.left_out
                        for measure in made.measures
                    )
                    and made.from_rows is None
                )
            assert made.adds_up, made.answer.kpi
    assert {"not_connected", "not_covered"} <= reasons


def test_a_missing_rate_leaves_the_amount_open_and_still_counts_the_row(odd: Workspace) -> None:
    (made,) = odd.explain("revenue_booked", period="2025-06")
    assert made.answer.reason == "missing_rate" and made.adds_up and not made.calculation
    assert (made.measures[0].counted, made.measures[0].value) == (1, None)
    (row,) = odd.rows("revenue_booked", period="2025-06")
    assert (row.origin.id, row.amount, row.origin.fields["currency"]) == ("d4", None, "CHF")


def test_totals_comparisons_and_filters_are_those_of_the_answer(odd: Workspace) -> None:
    made = odd.explain("win_rate", period="2025-05", by="segment", total=True, compare="previous")
    assert [(one.answer.dimensions, one.answer.value, one.adds_up) for one in made] == [
        ({"segment": "o'hara; DROP"}, 0.0, True),
        ({"segment": 'the "big" ones'}, 100.0, True),
        ({}, pytest.approx(200 / 3), True),
    ]
    assert all(one.answer.change for one in made)
    (quoted,) = odd.explain("win_rate", period="2025-05", where="segment=o'hara; DROP")
    assert (
        quoted.answer.value == 0
        and dict(quoted.measures[1].left_out)["filtered out: not segment=o'hara; DROP"] == 2
    )
    assert quoted.parameters == {"v0": ["o'hara; DROP"]} and "hara" not in quoted.sql


def test_an_own_kpi_is_explained_with_its_own_fields(run: Run) -> None:
    code, out, _ = run(
        "loud_mentions",
        "--period",
        "2025-05",
        "--by",
        "channel",
        "--rows",
        "numerator",
        "--format",
        "json",
    )
    (row,) = strict(out)
    assert code == 0 and row["id"] == "m1" and row["fields"]["sentiment"] == 0.9
    code, out, _ = run("loud_mentions", "--period", "2025-05")
    assert code == 0 and "The rows alone make the same." in out


def test_no_text_of_the_data_steers_the_terminal(run: Run) -> None:
    for words in ([], ["--rows", "numerator"], ["--rows", "excluded"]):
        for kpi in ("win_rate", "loud_mentions"):
            code, out, err = run(
                kpi,
                "--period",
                "2025-05",
                "--by",
                "segment" if kpi == "win_rate" else "channel",
                *words,
            )
            assert (code, err) == (0, "")
            assert "\x1b" not in out and "\x07" not in out


def test_amounts_in_csv_add_up_digit_by_digit(run: Run) -> None:
    code, out, _ = run(
        "revenue_booked", "--period", "2025-05", "--rows", "numerator", "--format", "csv"
    )
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == 0 and [row["amount"] for row in rows] == ["0.1", "0.2"]
    assert sum(Fraction(row["amount"]) for row in rows) == Fraction("0.3")
    assert [(row["table"], row["id"], row["source"], row["line"]) for row in rows] == [
        ("deals", "d1", "files", "2"),
        ("deals", "d2", "files", "3"),
    ]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("win_rate", "--rows", "denominator", "--by", "colour"), "unknown_dimension"),
        (("winrate",), "unknown_kpi"),
        (("revenue_booked", "--rows", "denominator"), "no_denominator"),
        (("enps", "--rows", "excluded"), "rows_hidden"),
        (("win_rate", "--rows", "nobody"), "usage"),
        (("win_rate", "--limit", "-1"), "usage"),
    ],
)
@pytest.mark.parametrize("form", ["json", "csv"])
def test_what_cannot_be_asked_is_refused_before_anything_is_written(
    run: Run, words: tuple[str, ...], code: str, form: str
) -> None:
    if form == "csv" and "--rows" not in words:
        form = "json"
    left, out, err = run(*words, "--period", "2025-05", "--format", form)
    assert (left, out) == (2, "")
    assert code in err if form == "json" else err


def test_no_rows_are_an_empty_list_and_a_word(run: Run) -> None:
    assert (
        run(
            "win_rate",
            "--period",
            "2025-06",
            "--where",
            "kind=extension",
            "--rows",
            "numerator",
            "--format",
            "json",
        )[1]
        == "[]\n"
    )
    assert (
        run("win_rate", "--period", "2025-06", "--where", "kind=extension", "--rows", "numerator")[
            1
        ]
        == "No rows.\n"
    )
    assert run("nrr", "--period", "2025-06", "--rows", "numerator")[1] == "No rows.\n"


@pytest.mark.parametrize("width", [60, 90])
def test_narrow_terminals_break_no_word_of_a_table(
    odd: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    from rich.console import Console

    monkeypatch.setattr("kampass.cli.views.explain.console", lambda: Console(width=width))
    show_explanations(odd.explain("win_rate", period="2025-05"), "table")
    text = capsys.readouterr().out.partition("SQL")[0]
    assert (
        "won (numerator) 2: 2 of 4 deals" in text and "    1 does not meet: status = 'won'" in text
    )
    assert max(map(len, text.splitlines())) <= width
    show_rows(odd.rows("win_rate", period="2025-05"), "table")
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("d1") and "  closed_at  2025-05-03T00:00:00Z" in [
        line.rstrip() for line in lines
    ]
    assert max(map(len, lines)) <= width


def test_business_hours_come_with_their_calendar(odd: Workspace) -> None:
    (made,) = odd.explain("response_time_business", period="2025-05")
    assert [
        (calendar["name"], calendar["days"], calendar["hours"])
        for calendar in made.settings["calendars"]
    ] == [("default", (0, 1, 2, 3, 4), ((540, 1020),))]
    (made,) = odd.explain("response_time", period="2025-05")
    assert made.settings["calendars"] == ["default"]


def test_the_first_rows_come_with_their_own_evidence(company: Workspace) -> None:
    """A limit cuts rows, not what stands behind those that are left."""
    everything = list(company.rows("nrr", period="2025-Q3", by="segment"))
    few = list(company.rows("nrr", period="2025-Q3", by="segment", limit=3))
    assert few == everything[:3] and all(row.evidence for row in few)
