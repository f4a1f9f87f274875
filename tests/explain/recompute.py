"""A figure worked out anew from its returned rows and its definition, sharing no code with the
product.

Sums are exact (fractions); what the product rounds (a ratio's parts, a rank, a quotient) is rounded
once here too, so that equal means equal to the last digit.
"""

import ast
import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from math import floor
from typing import Any

Number = Fraction | float | None
Amounts = Sequence[Any]

_OF = re.compile(
    r"(?P<function>\w+)\((?P<inside>.*?)\)(\s+filter\s*\(where .*\))?$", re.DOTALL | re.IGNORECASE
)


def measured(of: str, amounts: Amounts) -> Number:
    """What an aggregate makes of the amounts of its rows.

    >>> measured("count(*) filter (where lost)", [1, 1])
    Fraction(2, 1)
    >>> measured("median(hours)", [4.0, 1.0])
    2.5
    """
    match = _OF.match(" ".join(of.split()))
    assert match, of
    function, inside = match["function"].lower(), match["inside"]
    if function == "count" and inside == "*":
        assert all(amount == 1 for amount in amounts)
        return Fraction(len(amounts))
    if function == "count":
        assert inside.lower().startswith("distinct ")
        assert all(isinstance(amount, str) for amount in amounts), amounts[:3]
        return Fraction(len(set(amounts)))
    known = [amount for amount in amounts if amount is not None]
    if function == "sum":
        assert not any(isinstance(amount, float) for amount in known), known[:3]
        return sum((Fraction(amount) for amount in known), Fraction(0))
    if function == "max":
        return max(known) if known else None
    assert function in {"median", "quantile"}, of
    return ranked(known, 0.5 if function == "median" else float(inside.rpartition(",")[2]))


def ranked(amounts: Iterable[float], share: float) -> float | None:
    """The quantile on the straight line between the two neighbours."""
    ordered = sorted(amounts)
    if not ordered:
        return None
    position = (len(ordered) - 1) * share
    below = floor(position)
    rest = position - below
    if not rest:
        return ordered[below]
    return ordered[below] * (1.0 - rest) + ordered[below + 1] * rest


def formula(text: str, values: Mapping[str, Number]) -> Number:
    """A formula over measures: exact up to its first division, nothing where it divides by zero."""
    return _worked(ast.parse(text, mode="eval").body, values)


def _worked(node: ast.expr, values: Mapping[str, Number]) -> Number:
    if isinstance(node, ast.Name):
        return values[node.id]
    if isinstance(node, ast.Constant):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp):
        inner = _worked(node.operand, values)
        return None if inner is None else -inner
    assert isinstance(node, ast.BinOp), ast.dump(node)
    left, right = _worked(node.left, values), _worked(node.right, values)
    if left is None or right is None:
        return None
    if isinstance(node.op, ast.Div):
        return float(left) / float(right) if right else None
    signs = {ast.Add: "__add__", ast.Sub: "__sub__", ast.Mult: "__mul__"}
    if isinstance(left, float) or isinstance(right, float):
        left, right = float(left), float(right)
    return getattr(left, signs[type(node.op)])(right)


def figure(definition: Mapping[str, Any], values: Mapping[str, Number]) -> float | None:
    """The KPI's value: the formula, or scale x numerator / denominator; nothing where that is
    undefined.
    """
    top = formula(definition["value"], values)
    if definition["denominator"] is None:
        return None if top is None else float(top)
    bottom = formula(definition["denominator"], values)
    if not bottom or top is None or (definition["window_covered"] == "previous" and bottom <= 0):
        return None
    return float(definition["scale"]) * float(top) / float(bottom)
