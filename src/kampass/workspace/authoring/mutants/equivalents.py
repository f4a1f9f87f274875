"""Which broken definitions are not broken at all: what cannot change any answer needs no example.

Rules come first; a single case that no rule reaches is listed with its reason, and the survey
prints it.
"""

import re

from kampass.catalogue import Kpi, Measure
from kampass.catalogue.expressions import columns_read
from kampass.facts import FACTS

_REASONS = {
    (
        "average_deal_size",
        "filter dropped",
        "amount where status = 'won'",
    ): "a deal without an amount adds 0 to it",
    (
        "repeat_buyer_share",
        "filter dropped",
        "again where nothing",
    ): "a credit is never a purchase made again",
    (
        "clv",
        "filter dropped",
        "purchases where nothing",
    ): "the number of purchases cancels out of value x frequency",
    (
        "interaction_gap",
        "filter dropped",
        "days where nothing",
    ): "an account that was never touched has no gap to add",
    (
        "touches_to_closure",
        "filter dropped",
        "touches where status = 'won'",
    ): "a deal without touches adds 0 of them",
    (
        "touches_to_closure",
        "comparison turned",
        "touches where status = 'won' and touches >= 0",
    ): "a deal without touches adds 0 of them",
    (
        "touches_to_resolution",
        "filter dropped",
        "messages where nothing",
    ): "a ticket without known messages adds 0 of them",
    (
        "usage_per_client",
        "filter dropped",
        "days where nothing",
    ): "an account without usage adds 0 days",
}


def reason_of(kpi_id: str, kind: str, what: str) -> str | None:
    """Why this mutant of this definition cannot change any answer, if that is so."""
    return _REASONS.get((kpi_id, kind, what))


def and_parts(text: str | None) -> list[str]:
    """The parts of a condition that hold together; the `and` of a `between` is no joint.

    >>> and_parts("(kind in ('a', 'b') and x between 1 and 2) and (y)")
    ["kind in ('a', 'b')", 'x between 1 AND 2', 'y']
    """
    inner = re.sub(r"(between \S+) and ", r"\1 AND ", (text or "").strip())
    pieces = _outside_parentheses(inner, " and ")
    if len(pieces) > 1 and len(_outside_parentheses(inner, " or ")) == 1:
        return [part for piece in pieces for part in and_parts(piece)]
    if (
        inner.startswith("(")
        and inner.endswith(")")
        and len(_outside_parentheses(inner[1:-1], ") ")) == 1
    ):
        either = len(_outside_parentheses(inner[1:-1], " or ")) > 1
        return [inner] if either else and_parts(inner[1:-1])
    return [inner] if inner else []


def _outside_parentheses(text: str, joint: str) -> list[str]:
    """The text split where the joint stands outside all parentheses."""
    pieces, depth, start = [], 0, 0
    for index, letter in enumerate(text):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth < 0 or (depth == 0 and joint != ") " and text.startswith(joint, index)):
            pieces.append(text[start:index])
            start = index + len(joint)
            depth = max(depth, 0)
    return [*pieces, text[start:]]


def implied(measure: Measure, part: str) -> bool:
    """Whether a measure stays the same without this part of its condition.

    An aggregate passes over nulls, a comparison is never true of null, and some flags imply others:
    so `x is not null` adds nothing to `count(distinct x)` or beside `x = 1`, nor `measured` beside
    `met`.
    """
    bare, _, inner = measure.of.partition(" filter (where ")
    others = [
        other
        for other in (*and_parts(measure.where), *and_parts(inner.removesuffix(")")))
        if other != part
    ]
    columns = FACTS[measure.fact].columns
    if any(other in columns and columns[other].implies == part for other in others):
        return True
    known = re.fullmatch(r"(\w+) is not null", part)
    if known is None:
        return False
    column = known[1]
    ignored = bare in {
        f"count(distinct {column})",
        f"sum({column})",
        f"max({column})",
        f"median({column})",
    }
    return ignored or any(
        re.match(rf"{column} (=|<>|<|>|<=|>=|in|between) ", other) for other in others
    )


def boundary_matters(kpi: Kpi, kind: str) -> bool:
    """Whether moving a boundary can reach a measure of this definition.

    What is read at the start alone does not depend on the lines of the end, nor the other way
    round; an account that was never active before cannot have a line that ended before; what is cut
    by nothing has no use for an anchor.
    """
    if kind.endswith("anchor moved"):
        return bool(kpi.dimensions)
    if kind in {"closing moved", "end at closing moved"}:
        return not all(_reads_only(measure, "start") for measure in _of_accounts(kpi))
    if kind == "opening moved":
        return not all(_reads_only(measure, "end") for measure in _of_accounts(kpi))
    if kind == "end at opening moved":
        return not all(
            _first_time(measure) or _reads_only(measure, "end") for measure in _of_accounts(kpi)
        )
    return True


def _of_accounts(kpi: Kpi) -> list[Measure]:
    """The measures that rest on balances."""
    return [
        measure
        for measure in kpi.measures.values()
        if any(relation.name == "balance" for relation in FACTS[measure.fact].relations)
    ]


def _reads_only(measure: Measure, boundary: str) -> bool:
    """Whether a measure is of the accounts of one boundary and asks nothing beyond it."""
    fact = FACTS[measure.fact]
    return fact.population == boundary and not any(
        fact.columns[name].beyond for name in _columns(measure)
    )


def _first_time(measure: Measure) -> bool:
    """Whether a measure is of accounts that were never active before."""
    fact = FACTS[measure.fact]
    return fact.population == "within" or any(
        fact.columns[name].first_time for name in _columns(measure)
    )


def _columns(measure: Measure) -> frozenset[str]:
    """The columns of its fact that a measure reads."""
    return columns_read(measure.of, measure.where, FACTS[measure.fact].kinds)
