"""Answers of employees: counts that make the value, never a row, never a group below five, nothing
to subtract one from.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.explain.recompute import figure
from tests.store.conftest import Desk

from kampass.errors import QuestionError
from kampass.workspace import Workspace

SCORES = {"red": [10, 10, 9, 9, 8, 7, 6, 3], "blue": [10, 2, 9], "green": [9, 9, 8, 7, 7]}


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Eight answers of team red, three of blue, five of green in May 2025; two more in June; three
    of an account.
    """
    desk, users, answers = (
        Desk(tmp_path_factory.mktemp("asked")),
        ["id,name,team_id"],
        ["id,survey_id,responded_at,score,user_id,account_id"],
    )
    for team, scores in SCORES.items():
        for number, score in enumerate(scores):
            users.append(f"{team}{number},Somebody,{team}")
            answers.append(
                f"a-{team}{number},e,2025-05-{number + 1:02d}T09:00:00Z,{score},{team}{number},"
            )
    answers += [f"later{number},e,2025-06-05T09:00:00Z,10,red{number}," for number in range(2)]
    answers += [f"c{number},c,2025-05-05T09:00:00Z,5,,A" for number in range(3)]
    desk.load(
        20,
        accounts="id,name\nA,A",
        teams="id,name\nred,Red\nblue,Blue\ngreen,Green",
        users="\n".join(users),
        responses="\n".join(answers),
        surveys="id,kind,scale_min,scale_max\ne,enps,0,10\nc,csat,1,5",
        invitations="""id,survey_id,invited_at,delivered,response_id
            i1,e,2025-05-01T08:00:00Z,true,a-red0
            i2,c,2025-05-01T08:00:00Z,true,c0
            i3,e,2025-04-01T08:00:00Z,true,""",
    )
    desk.workspace.publish()
    yield desk.workspace
    desk.workspace.close()


def test_the_counts_make_the_value(asked: Workspace) -> None:
    (made,) = asked.explain("enps", period="2025-05")
    kpi = asked.catalogue.get("enps")
    counts: dict[str, Any] = {measure.name: measure.counted for measure in made.measures}
    assert counts == {"promoters": 8, "detractors": 3, "answers": 16}
    definition = {
        "value": kpi.value,
        "denominator": kpi.denominator,
        "scale": kpi.scale,
        "window_covered": None,
    }
    assert made.adds_up and figure(definition, counts) == made.answer.value == 31.25
    assert [measure.candidates for measure in made.measures] == [21, 21, 21]


def test_a_group_below_five_is_nowhere_told(asked: Workspace) -> None:
    made = {
        explanation.answer.dimensions["team"]: explanation
        for explanation in asked.explain("enps", period="2025-05", by="team")
    }
    assert (
        made["blue"].answer.reason == "suppressed_small_n"
        and not made["blue"].calculation
        and made["blue"].from_rows is None
    )
    assert all(
        (measure.value, measure.candidates, measure.counted, measure.left_out)
        == (None, None, None, ())
        for measure in made["blue"].measures
    )
    for team, count in (("red", 8), ("green", 5)):
        (answers,) = (measure for measure in made[team].measures if measure.name == "answers")
        assert (answers.counted, answers.candidates) == (count, 21)
        assert [rows for _, rows in answers.left_out] == [21 - count]


def test_what_is_left_out_is_told_as_one(asked: Workspace) -> None:
    """Two answers are replaced by a later one of the same employee and three are of an account:
    five, not two and three.
    """
    (made,) = asked.explain("enps", period="2025-05..2025-06")
    (answers,) = (measure for measure in made.measures if measure.name == "answers")
    assert (answers.counted, answers.candidates, [rows for _, rows in answers.left_out]) == (
        16,
        21,
        [5],
    )


def test_fewer_than_five_left_out_are_not_told(tmp_path: Path) -> None:
    """Six answers, one of them followed by a later one of the same employee: that one is left out
    is not told.
    """
    desk = Desk(tmp_path)
    answers = [
        f"a{number},e,2025-05-0{number + 1}T09:00:00Z,9,u{max(number, 1)}" for number in range(6)
    ]
    desk.load(
        20,
        accounts="id,name\nA,A",
        users="id,name\n" + "\n".join(f"u{number},N" for number in range(1, 6)),
        surveys="id,kind,scale_min,scale_max\ne,enps,0,10",
        responses="\n".join(["id,survey_id,responded_at,score,user_id", *answers]),
    )
    desk.workspace.publish()
    (made,) = desk.workspace.explain("enps", period="2025-05")
    assert made.answer.value == 100 and made.adds_up
    assert [
        (measure.counted, measure.candidates, [rows for _, rows in measure.left_out])
        for measure in made.measures
    ] == [
        (5, None, []),
        (0, 6, [6]),
        (5, None, []),
    ]
    desk.workspace.close()


@pytest.mark.parametrize("part", ["numerator", "denominator", "excluded"])
@pytest.mark.parametrize("kpi", ["enps", "employee_satisfaction"])
def test_no_row_is_shown(asked: Workspace, kpi: str, part: str) -> None:
    with pytest.raises(QuestionError) as refusal:
        list(asked.rows(kpi, part, period="2025-05"))
    assert refusal.value.code == "rows_hidden"


def test_the_explanation_names_no_employee_and_no_answer(asked: Workspace) -> None:
    text = json.dumps(
        [made.to_dict() for made in asked.explain("enps", period="2025-05", by="team", total=True)],
        default=str,
    )
    assert not [
        name for team in SCORES for name in (f"{team}0", f"a-{team}0", "Somebody") if name in text
    ]


def test_other_kpis_over_the_same_tables_show_no_answer_of_an_employee(asked: Workspace) -> None:
    for kpi in ("csat", "nps", "survey_response_rate"):
        for part in ("numerator", "denominator", "excluded"):
            text = json.dumps(
                [row.to_dict() for row in asked.rows(kpi, part, period="2025-05")], default=str
            )
            assert (
                "a-red" not in text
                and "later" not in text
                and '"e"' not in text.replace('"survey_id": "e"', "")
            )
    (csat,) = asked.explain("csat", period="2025-05")
    assert all(measure.candidates == 3 for measure in csat.measures)


def test_an_invitation_of_an_employee_counts_and_says_nothing_but_that(asked: Workspace) -> None:
    rows = {
        row.origin.id: row
        for row in asked.rows("survey_response_rate", "denominator", period="2025-05")
    }
    assert set(rows) == {"i1", "i2"}
    told = {name: value for name, value in rows["i1"].origin.fields.items() if value is not None}
    assert told == {"id": "i1", "survey_id": "e", "delivered": True}
    assert not rows["i1"].evidence and rows["i2"].origin.fields["response_id"] == "c0"
    answered = {
        row.origin.id: [piece.id for piece in row.evidence]
        for row in asked.rows("survey_response_rate", period="2025-05")
    }
    assert answered == {"i1": [], "i2": ["c0"]}
