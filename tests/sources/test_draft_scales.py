"""The scale that a question of a survey says itself is its own, and its good end is asked about."""

from pathlib import Path

import pytest
from tests.sources.test_draft_counting import asked, draft_of, first, main_of

from kampass.intake.mapping.draft.asks.surveys import stated_scale


def answers(header: str, *scores: str) -> str:
    rows = (f"{n},2025-01-13,{score}\n" for n, score in enumerate(scores))
    return f'Response ID,Submitted,"{header}"\n' + "".join(rows)


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        ("How satisfied are you? (0-10)", (0, 10)),
        ("Auf einer Skala von 1 bis 7: wie zufrieden sind Sie?", (1, 7)),
        ("How satisfied are you, 1 to 10?", (1, 10)),
        ("Satisfaction (5 = good, 1 = bad)", (1, 5)),
        ("Satisfaction 2024-2025", None),
        ("Satisfaction 24/7", None),
        ("Q2: how satisfied are you within 2 to 3 days?", None),
    ],
)
def test_a_scale_is_said_in_several_ways(text: str, scale: tuple[int, int] | None) -> None:
    assert stated_scale(text) == scale


def test_the_scale_that_is_said_counts_though_no_answer_reaches_its_end(tmp_path: Path) -> None:
    draft = draft_of(tmp_path, answers("How satisfied are you? (0-10)", "1", "4", "5"))
    survey = next(one for one in draft.tables if one.table == "surveys")
    assert survey.columns["kind"] == {"constant": "csat"} and asked(draft) == {}
    assert survey.columns["scale_min"] == {"constant": 0}
    assert survey.columns["scale_max"] == {"constant": 10}


def test_a_scale_that_nps_does_not_have_is_asked_with_its_own_ends(tmp_path: Path) -> None:
    draft = draft_of(tmp_path, answers("Would you recommend us? (1-10)", "1", "4"))
    texts = [one.text for one in asked(draft)["surveys.kind"].answers]
    assert texts[:3] == ["csat, 1 to 10", "esat, 1 to 10", "custom, 1 to 10"]


@pytest.mark.parametrize(
    "header",
    [
        "Wie zufrieden sind Sie? (1 = sehr zufrieden, 5 = sehr unzufrieden)",
        "How satisfied are you? (1 = very much so, 5 = not at all)",
    ],
)
def test_a_scale_whose_good_end_may_be_the_low_one_is_asked_about(
    tmp_path: Path, header: str
) -> None:
    draft = draft_of(tmp_path, answers(header, "1", "4"))
    question = asked(draft)["responses.score.scale"]
    assert question.needed and question.answers[0].text == "1 is the best: turn the scale round"
    score = main_of(first(draft, question.key)).columns["score"]
    assert score == {"column": header, "values": {"1": "5", "2": "4", "3": "3", "4": "2", "5": "1"}}


def test_a_scale_whose_high_end_is_the_good_one_is_not_asked_about(tmp_path: Path) -> None:
    header = "How satisfied are you? (1 = very dissatisfied, 5 = very satisfied)"
    assert asked(draft_of(tmp_path, answers(header, "1", "4"))) == {}
