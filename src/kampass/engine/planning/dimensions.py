"""Dimensions as they were: how a fact's rows get their segment, manager or team at the fact's
anchor.
"""

from dataclasses import dataclass, field

from kampass.catalogue import Kpi
from kampass.errors import UnknownName
from kampass.facts import Fact
from kampass.model.conform import literal

_UNKNOWN = "CAST(NULL AS VARCHAR)"


@dataclass
class Cut:
    """A fact read at one anchor: collects the joins that its dimensions need, each once."""

    fact: Fact
    anchor: str
    prefix: str
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


def check(kpi: Kpi, dimension: str, attributes: frozenset[str]) -> None:
    """UnknownName where a KPI cannot be cut by a dimension."""
    known = set(kpi.named_dimensions) | (attributes if kpi.takes_any_account_dimension else set())
    if dimension not in known:
        listed = ", ".join(kpi.named_dimensions) or "none"
        raise UnknownName(
            "dimension", dimension, known, hint=f"'{kpi.id}' can be cut by: {listed}."
        )


def cut_sql(cut: Cut, dimension: str) -> str:
    """The SQL of a dimension's value for each row."""
    fact = cut.fact
    if dimension in fact.dimensions:
        return f'f."{fact.dimensions[dimension]}"'
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
