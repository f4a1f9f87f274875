"""The expressions inside definitions: parsed, checked against an allow-list, written anew from the
tree.

No text of a KPI file ever reaches the database: only nodes, functions and columns that are listed
here do, and what is executed is generated from them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from operator import add, mul, sub
from typing import TYPE_CHECKING, Any

from kampass.catalogue import compiled
from kampass.conditions import columns_in, parsed
from kampass.errors import DefinitionError

if TYPE_CHECKING:
    from sqlglot import exp

MICROSECONDS = {"hours": "3600000000.0", "days": "86400000000.0"}
"""Columns of these kinds hold whole microseconds; this many make one unit."""
_FORMULA = "Use measures, numbers, + - * / and parentheses."
_AGGREGATE = (
    "Write count(*), count(distinct column), sum(column), max(column), median(column) or "
    "quantile(column, 0.9), with an optional filter (where ...)."
)


@dataclass(frozen=True)
class Condition:
    """A condition over a fact's columns: its SQL (columns as `f."name"`) and the columns it
    reads.
    """

    sql: str
    columns: frozenset[str]


@dataclass(frozen=True)
class Aggregate:
    """An aggregate over a fact: function, argument SQL, quantile, filter, the columns it reads."""

    function: str
    argument: str
    columns: frozenset[str]
    arguments: tuple[str, ...] = ()
    quantile: float | None = None
    where: Condition | None = None


def condition(text: str, columns: Mapping[str, str]) -> Condition:
    """Read a condition; DefinitionError names the word that is not allowed."""
    known = compiled.expression("conditions", text, columns)
    return _condition(known) if known else parse_condition(text, columns)


def parse_condition(text: str, columns: Mapping[str, str]) -> Condition:
    """The same, whether or not it was read before."""
    return _checked(parsed(text), columns, text)


def aggregate(text: str, columns: Mapping[str, str]) -> Aggregate:
    """Read an aggregate with its optional filter."""
    known = compiled.expression("aggregates", text, columns)
    if known is None:
        return parse_aggregate(text, columns)
    return Aggregate(
        known["function"],
        known["argument"],
        frozenset(known["columns"]),
        tuple(known["arguments"]),
        known["quantile"],
        _condition(known["where"]) if known["where"] else None,
    )


def _condition(known: Mapping[str, Any]) -> Condition:
    return Condition(known["sql"], frozenset(known["columns"]))


def parse_aggregate(text: str, columns: Mapping[str, str]) -> Aggregate:
    """The same, whether or not it was read before."""
    from sqlglot import exp

    tree = parsed(text)
    where = None
    if isinstance(tree, exp.Filter):
        where = _checked(tree.expression.this, columns, text)
        tree = tree.this
    function, argument, quantile = _function(tree, text)
    if function == "count" and isinstance(argument, exp.Star):
        return Aggregate("count", "*", frozenset(), (), None, where)
    parts = argument.expressions if isinstance(argument, exp.Tuple) else [argument]
    if function == "distinct" and not all(isinstance(part, exp.Column) for part in parts):
        raise DefinitionError(
            f"'{text}' counts distinct values of something that is not a column.", hint=_AGGREGATE
        )
    checked = [_checked(part, columns, text, raw=True) for part in parts]
    plain = tuple(part.name for part in parts if isinstance(part, exp.Column))
    sql = checked[0].sql if len(checked) == 1 else f"({', '.join(part.sql for part in checked)})"
    return Aggregate(
        function,
        sql,
        frozenset().union(*(part.columns for part in checked)),
        plain,
        quantile,
        where,
    )


def columns_read(of: str, where: str | None, columns: Mapping[str, str]) -> frozenset[str]:
    """The columns that a measure reads: in its aggregate, the aggregate's filter, its condition.

    >>> sorted(columns_read("sum(a) filter (where b)", "c > 1", dict.fromkeys("abcd", "number")))
    ['a', 'b', 'c']
    """
    counted = aggregate(of, columns)
    conditions = [counted.where, condition(where, columns) if where else None]
    return counted.columns.union(*(read.columns for read in conditions if read))


def formula(text: str, measures: Mapping[str, str] | Callable[[str], str]) -> str:
    """Write a formula over measures as SQL; a division by zero is null."""
    look_up = measures if callable(measures) else measures.__getitem__
    known = compiled.formula(text)
    try:
        return known.format_map(_Looked(look_up)) if known else parse_formula(text, look_up)
    except KeyError:
        return parse_formula(text, look_up)


class _Looked(dict[str, str]):
    """Measures as the braces of a compiled formula ask for them."""

    def __init__(self, look_up: Callable[[str], str]) -> None:
        super().__init__()
        self._look_up = look_up

    def __missing__(self, name: str) -> str:
        return self._look_up(name)


def parse_formula(text: str, look_up: Callable[[str], str]) -> str:
    """The same, whether or not it was read before."""
    return _formula(parsed(text), text, look_up)


def conjuncts(text: str | None) -> list[str]:
    """The conditions that must all hold, one by one.

    >>> conjuncts("counted and (a = 1 or b = 2) and reopened = 0")
    ['counted', 'a = 1 OR b = 2', 'reopened = 0']
    """
    from sqlglot import exp

    def split(tree: "exp.Expression") -> list[str]:
        inner = tree.unnest()
        return (
            [*split(inner.left), *split(inner.right)]
            if isinstance(inner, exp.And)
            else [inner.sql(dialect="duckdb")]
        )

    return split(parsed(text)) if text else []


def filter_of(text: str) -> str | None:
    """The condition of an aggregate's own filter."""
    from sqlglot import exp

    tree = parsed(text)
    return tree.expression.this.sql(dialect="duckdb") if isinstance(tree, exp.Filter) else None


def names_in(text: str | None) -> tuple[str, ...]:
    """The measures a formula reads, in the order in which it names them."""
    from sqlglot import exp

    found = (
        sorted(
            (node for node in parsed(text).find_all(exp.Column)),
            key=lambda node: node.this.meta.get("start", 0),
        )
        if text
        else []
    )
    return tuple(dict.fromkeys(node.name for node in found))


def evaluate(
    text: str, values: Mapping[str, "Fraction | float | None"], *, exact: bool = False
) -> "Fraction | float | None":
    """A formula's value over measures; None where a measure is unknown or a denominator is zero.

    As the engine works it out: exact until the first division, floats from there on. `exact` stays
    with fractions.

    >>> from fractions import Fraction
    >>> evaluate("(a - b) / b", {"a": Fraction(3), "b": Fraction(2)}, exact=True)
    Fraction(1, 2)
    """
    return _evaluate(parsed(text), values, exact=exact)


def _evaluate(
    tree: "exp.Expression", values: Mapping[str, "Fraction | float | None"], *, exact: bool
) -> "Fraction | float | None":
    from sqlglot import exp

    if isinstance(tree, exp.Paren):
        return _evaluate(tree.this, values, exact=exact)
    if isinstance(tree, exp.Literal):
        return Fraction(tree.this)
    if isinstance(tree, exp.Column):
        return values[tree.name]
    if isinstance(tree, exp.Neg):
        inner = _evaluate(tree.this, values, exact=exact)
        return None if inner is None else -inner
    left, right = (_evaluate(side, values, exact=exact) for side in (tree.left, tree.right))
    if left is None or right is None:
        return None
    if isinstance(tree, exp.Div):
        if right == 0:
            return None
        return left / right if exact else float(left) / float(right)
    signs = {exp.Add: add, exp.Sub: sub, exp.Mul: mul}
    return signs[type(tree)](left, right)  # type: ignore[no-any-return]


def _function(tree: "exp.Expression", text: str) -> tuple[str, "exp.Expression", float | None]:
    from sqlglot import exp

    # What nobody reads would be dropped without a word: max(x, 5) is no max(x).
    said = {name for name, argument in tree.args.items() if argument} - {"big_int"}
    if not said <= {"this", "quantile"}:
        raise DefinitionError(f"'{text}' says more than is read.", hint=_AGGREGATE)
    if isinstance(tree, exp.Count):
        inner = tree.this
        if isinstance(inner, exp.Distinct) and len(inner.expressions) == 1 and not tree.expressions:
            return "distinct", inner.expressions[0], None
        if isinstance(inner, exp.Star):
            return "count", inner, None
    if (
        isinstance(tree, exp.Sum | exp.Max)
        and isinstance(tree.this, exp.Expression)
        and not isinstance(tree.this, exp.Distinct)
    ):
        return ("sum" if isinstance(tree, exp.Sum) else "max"), tree.this, None
    if isinstance(tree, exp.Median):
        return "quantile", tree.this, 0.5
    rank = tree.args.get("quantile") if isinstance(tree, exp.Quantile) else None
    if isinstance(rank, exp.Literal) and rank.is_number and 0 <= float(rank.this) <= 1:
        return "quantile", tree.this, float(rank.this)
    raise DefinitionError(f"'{text}' is not an aggregate.", hint=_AGGREGATE)


def _checked(
    tree: "exp.Expression", columns: Mapping[str, str], text: str, *, raw: bool = False
) -> Condition:
    """The checked tree as SQL. Durations are microseconds inside: a condition sees hours or days,
    an aggregate (`raw`) what is there.
    """
    from sqlglot import exp

    used = columns_in(tree, columns, text)

    def write(node: "exp.Expression") -> "exp.Expression":
        if not isinstance(node, exp.Column):
            return node
        column = exp.column(node.name, table="f", quoted=True)
        unit = MICROSECONDS.get(columns[node.name])
        return (
            column
            if raw or unit is None
            else exp.paren(
                exp.Div(this=exp.cast(column, "double"), expression=exp.Literal.number(unit))
            )
        )

    written = tree.transform(write)
    return Condition(f"({written.sql(dialect='duckdb')})", used)


def _formula(tree: "exp.Expression", text: str, look_up: Callable[[str], str]) -> str:
    from sqlglot import exp

    signs = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}
    if isinstance(tree, exp.Paren):
        return _formula(tree.this, text, look_up)
    if isinstance(tree, exp.Neg):
        return f"(-{_formula(tree.this, text, look_up)})"
    if type(tree) in signs:
        left, right = _formula(tree.left, text, look_up), _formula(tree.right, text, look_up)
        return f"({left} {signs[type(tree)]} {right})"
    if isinstance(tree, exp.Div):
        return (
            f"(CAST({_formula(tree.left, text, look_up)} AS DOUBLE) / "
            f"nullif({_formula(tree.right, text, look_up)}, 0))"
        )
    if isinstance(tree, exp.Literal) and tree.is_number:
        return str(int(tree.this)) if tree.this.isdigit() else str(float(tree.this))
    if isinstance(tree, exp.Column) and not tree.table:
        try:
            return look_up(tree.name)
        except KeyError:
            raise DefinitionError(
                f"The formula '{text}' reads '{tree.name}', which is no measure of this KPI.",
                hint=_FORMULA,
            ) from None
    raise DefinitionError(f"'{tree.sql()}' is not allowed in the formula '{text}'.", hint=_FORMULA)
