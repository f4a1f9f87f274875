"""Dimensions as they were: how a fact's rows get their segment, manager or team at the fact's
anchor.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kampass.catalogue import Kpi
from kampass.errors import UnknownName
from kampass.facts import FACTS, Fact
from kampass.model.conform import literal, quoted

_UNKNOWN = "CAST(NULL AS VARCHAR)"


@dataclass
class Cut:
    """A fact read at one anchor: collects the joins that its dimensions need, each once. `of_rows`
    are dimensions that are columns of the fact's rows.
    """

    fact: Fact
    anchor: str
    prefix: str
    of_rows: frozenset[str] = frozenset()
    joins: list[str] = field(default_factory=list)

    def join(self, alias: str, table: str, on: str, value: str = "") -> str:
        """Add a join unless it is there; its alias. `@` in `on` stands for the alias; a literal
        `value` is put behind it as it is.
        """
        name = f"{self.prefix}{alias}"
        line = f"LEFT JOIN {table} {name} ON {on.replace('@', name)}{value}"
        if line not in self.joins:
            self.joins.append(line)
        return name

    def during(self) -> str:
        """The condition that a span contains the anchor."""
        return f"{self.anchor} >= @.valid_from AND {self.anchor} < @.valid_to"


@dataclass(frozen=True)
class Named:
    """What data adds to the dimensions that KPIs name: attributes of accounts, and columns of rows
    by their table.
    """

    attributes: frozenset[str] = frozenset()
    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def taken(self, kpi: Kpi) -> frozenset[str]:
        """The dimensions of a KPI that are no columns of its rows."""
        more = self.attributes if kpi.takes_any_account_dimension else frozenset()
        return more.union(kpi.named_dimensions)

    def of_rows(self, kpi: Kpi) -> tuple[str, ...]:
        """The columns of a KPI's rows as dimensions: where a name is taken, behind its table's."""
        table, taken = rows_of(kpi), self.taken(kpi)
        return tuple(
            f"{table}.{name}" if name in taken else name
            for name in sorted(self.columns.get(table or "", ()))
        )

    def listed(self, kpi: Kpi) -> tuple[str, ...]:
        """Every dimension of a KPI: those that it names, then what the data adds."""
        attributes = sorted(self.taken(kpi) - {*kpi.named_dimensions})
        return *kpi.named_dimensions, *attributes, *self.of_rows(kpi)

    def is_of_rows(self, kpi: Kpi, dimension: str) -> bool:
        """Whether a dimension is a column of the KPI's rows; the table's name may always stand
        before it.
        """
        names = self.of_rows(kpi)
        return dimension in names or dimension.removeprefix(f"{rows_of(kpi)}.") in names


def rows_of(kpi: Kpi) -> str | None:
    """The table whose rows a KPI counts, one by one, if it is one that keeps columns to cut by."""
    tables = {FACTS[measure.fact].rows_of for measure in kpi.measures.values()}
    return next(iter(tables)) if len(tables) == 1 else None


def check(kpi: Kpi, dimension: str, named: Named) -> None:
    """UnknownName where a KPI cannot be cut by a dimension."""
    known = named.listed(kpi)
    if dimension not in known and not named.is_of_rows(kpi, dimension):
        listed = ", ".join(known) or "none"
        raise UnknownName(
            "dimension", dimension, known, hint=f"'{kpi.id}' can be cut by: {listed}."
        )


def cut_sql(cut: Cut, dimension: str) -> str:
    """The SQL of a dimension's value for each row."""
    fact = cut.fact
    if dimension in fact.dimensions:
        return f'f."{fact.dimensions[dimension]}"'
    if dimension in cut.of_rows and fact.rows_of:
        return _row_column(cut, fact.rows_of, dimension)
    if dimension == "persona" and fact.has_contact:
        return f"{cut.join('contact', 'contacts', '@.id = f.contact_id')}.persona"
    if dimension == "team":
        return _team(cut)
    if not fact.has_account:
        return _UNKNOWN
    if dimension == "account":
        return "f.account_id"
    if dimension == "account_manager":
        return f"{_owner(cut)}.user_id"
    return _attribute(cut, dimension)


def filter_sql(cut: Cut, dimension: str, operator: str, value: str) -> str:
    """The SQL of a filter; unknown values pass `is unknown` alone."""
    # Never null: conditions are negated (who moved between slices) and named as reasons, and NOT
    # null is neither.
    cell = cut_sql(cut, dimension)
    return {
        "=": f"coalesce({cell} = {value}, false)",
        "!=": f"coalesce({cell} <> {value}, false)",
        "in": f"coalesce(list_contains(CAST({value} AS VARCHAR[]), {cell}), false)",
        "in_tree": f"coalesce({cell} IN (SELECT team FROM team_tree WHERE ancestor = {value}), "
        "false)",
        "is unknown": f"({cell} IS NULL AND {value} IS NULL)",
    }[operator]


def _row_column(cut: Cut, table: str, dimension: str) -> str:
    # The name is the user's: no word of it becomes SQL but as a literal.
    row = cut.join("row", quoted(f"live_{table}"), "@.id = f.id")
    return f"{row}._extra[{literal(dimension.removeprefix(f'{table}.'))}]"


def _owner(cut: Cut) -> str:
    return cut.join("owner", "owner_span", f"@.account_id = f.account_id AND {cut.during()}")


def _team(cut: Cut) -> str:
    theirs = f"@.user_id = f._actor AND {cut.during()}"
    if cut.fact.actor == "employee":
        return f"{cut.join('team', 'employee_team_span', theirs)}.team_id"
    if cut.fact.actor == "own":
        return f"{cut.join('team', 'team_span', theirs)}.team_id"
    if not cut.fact.has_account:
        return _UNKNOWN
    owner = _owner(cut)
    manager = cut.join("owner_team", "team_span", f"@.user_id = {owner}.user_id AND {cut.during()}")
    if cut.fact.actor is None:
        return f"{manager}.team_id"
    # Whoever acted answers with their team, also where it is unknown; the manager's team speaks
    # only where nobody is named.
    actor = cut.join("team", "team_span", theirs)
    return f"CASE WHEN f._actor IS NOT NULL THEN {actor}.team_id ELSE {manager}.team_id END"


def _attribute(cut: Cut, dimension: str) -> str:
    # Aliases are numbered and not named after the attribute: its name is the user's, and no word of
    # a user's becomes SQL but as a literal.
    name = literal(dimension)
    number = sum("attribute_span" in line for line in cut.joins)
    condition = f"@.account_id = f.account_id AND {cut.during()} AND @.attribute = "
    for line in cut.joins:
        if line.endswith(f".attribute = {name}"):
            return f"{line.split()[3]}.value"
    return f"{cut.join(f'attribute{number}', 'attribute_span', condition, name)}.value"
