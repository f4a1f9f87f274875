"""What the answers of a survey measure, and on which scale: what the question says, and what is
asked where it does not.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kampass.intake.mapping.draft.asks.question import DROP, DraftAnswer, DraftQuestion, keys_of
from kampass.intake.mapping.draft.known import QuestionSection, labels, plain
from kampass.intake.mapping.draft.match import Sampled

_SCALES = (
    ("nps", 0, 10),
    ("csat", 1, 5),
    ("csat", 1, 7),
    ("csat", 1, 10),
    ("enps", 0, 10),
    ("esat", 1, 5),
    ("custom", 0, 100),
)
_NARROW, _MIDDLE, _MOST = 5, 3, 100
_ON_ANY = {"csat", "esat", "custom"}
_RANGE = re.compile(
    r"(?<![\d.,/-])(\d{1,3})\s*(?:-|\u2013|\u2014|to|bis|tot|hasta|a|\u00e0|through)\s*(\d{1,3})"
    r"(?![\d.,/-]\d|\d|\s*[%=])"
)
_MEANS = re.compile(r"(?<!\d)(\d{1,3})\s*[=:]\s*([^\d,;()\[\]/|]+)")


def scale_of(header: str, sampled: Sampled) -> QuestionSection | None:
    """What the question above a column asks for, where the answers lie on its scale, which is the
    one that it says itself; where it says none, they could not lie on a narrower one.
    """
    question, text = sampled.question(header), _text(header, sampled)
    if question is None:
        return None
    stated = stated_scale(text)
    if stated and stated != tuple(question.scale):
        if question.kind not in _ON_ANY:
            return None
        question = question.model_copy(update={"scale": list(stated)})
    least, most = question.scale
    found = _scores(header, sampled)
    narrower = not stated and most > _NARROW >= max(found, default=most)
    return question if all(least <= one <= most for one in found) and not narrower else None


def stated_scale(text: str) -> tuple[int, int] | None:
    """The least and the most that a question says can be answered.

    >>> stated_scale("How satisfied are you? (0-10)"), stated_scale("1 = sehr gut, 5 = schlecht")
    ((0, 10), (1, 5))
    """
    if found := _RANGE.search(text):
        least, most = sorted((int(found[1]), int(found[2])))
        return (least, most) if most <= _MOST and least <= 1 and most > least + 1 else None
    worth = sorted(_meanings(text))
    return (worth[0], worth[-1]) if len(worth) > 1 else None


def _meanings(text: str) -> dict[int, str]:
    """What a question says that a number means: "1 = very satisfied"."""
    return {int(number): plain(word) for number, word in _MEANS.findall(text)}


def _text(header: str, sampled: Sampled) -> str:
    return f"{sampled.texts.get(header, '')} {header}"


def turned(mapping: Mapping[str, Any], table: str, sampled: Sampled) -> Iterator[DraftQuestion]:
    """Which end of a scale is the good one, where the question says words for numbers and the best
    of them is not known to be the highest.
    """
    said = mapping["columns"].get("score") if table == "responses" else None
    keys = keys_of(said)
    header = str(keys.get("column", ""))
    means = _meanings(_text(header, sampled))
    scale = stated_scale(_text(header, sampled))
    if len(means) < 2 or not scale or scale == (0, 0) or "values" in keys:  # noqa: PLR2004 - ends
        return
    low, high = means[min(means)], means[max(means)]
    if _good(high) and not _good(low):
        return
    least, most = scale
    held = sampled.columns[header]
    numbers = [*held.unlike, *(str(number) for number in range(least, most + 1))]
    pairs = {
        value: str(least + most - int(begins[0]))
        for value in numbers
        if (begins := re.match(r"\d+", value)) and least <= int(begins[0]) <= most
    }
    round_ = DraftAnswer(
        f"{least} is the best: turn the scale round",
        (f"{least} becomes {most}", f"{most} becomes {least}"),
        {"column": header, "values": pairs},
    )
    plainly = DraftAnswer(f"{most} is the best", ("every answer as it stands",), said)
    answers = (round_, plainly) if _good(low) or not _good(high) else (plainly, round_)
    what = f"which end is the good one? {min(means)} is {low!r}, {max(means)} is {high!r}."
    examples = held.unlike[:3]
    yield DraftQuestion(table, "score", header, what, examples, (*answers, DROP), about="scale")


def _good(word: str) -> bool:
    """Whether a word stands at the good end of a scale."""
    listed = {name for name, worth in labels().items() if worth > _MIDDLE}
    bad = {name for name, worth in labels().items() if worth < _MIDDLE}
    known_good = any(re.search(rf"\b{re.escape(one)}\b", word) for one in listed)
    return known_good and not any(re.search(rf"\b{re.escape(one)}\b", word) for one in bad)


def _scores(header: str, sampled: Sampled) -> list[float]:
    """The numbers that the answers begin with; none where they are words."""
    held = sampled.columns.get(header)
    found = [re.match(r"-?\d+(\.\d+)?", value) for value in held.values] if held else []
    return [float(match[0]) for match in found if match]


def survey_kind(header: str, sampled: Sampled) -> DraftQuestion:
    """What the answers of a survey measure, where its question does not tell."""
    found = _scores(header, sampled)
    answers = [
        DraftAnswer(
            f"{kind}, {least} to {most}",
            (),
            {"constant": kind},
            {"scale_min": {"constant": least}, "scale_max": {"constant": most}},
        )
        for kind, least, most in _offered(header, sampled)
        if all(least <= one <= most for one in found)
    ]
    what = "what do the answers measure, on which scale?"
    examples = sampled.columns[header].unlike[:3] if header in sampled.columns else ()
    return DraftQuestion("surveys", "kind", header, what, examples, (*answers, DROP))


def _offered(header: str, sampled: Sampled) -> list[tuple[str, int, int]]:
    """The kinds with their scales; where the question says a scale, only those on it."""
    stated = stated_scale(_text(header, sampled))
    if stated is None:
        return list(_SCALES)
    least, most = stated
    kinds = dict.fromkeys(
        [kind for kind, *scale in _SCALES if tuple(scale) == stated] + ["csat", "esat", "custom"]
    )
    return [(kind, least, most) for kind in kinds]
