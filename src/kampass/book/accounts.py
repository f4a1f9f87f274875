"""The accounts in sight as a list: what each is, who looks after it, whether it pays; searched,
filtered and sorted in memory.

Thousands of accounts are a few megabytes: they are read once for a snapshot and scope, and a page
picks from them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from kampass.book.managers import OWNER
from kampass.book.today import PAID_LINES, by_account, rows
from kampass.workspace.view import Sight

FILTERS = ("segment", "industry", "region", "tier", "acquisition_source", "manager", "team")
STATES = ("active", "lost", "prospect")
UNKNOWN = "unknown"


@dataclass(frozen=True)
class ListedAccount:
    """One account of the list. `state`: active while a paid line counts, lost after the last one,
    prospect before the first.
    """

    id: str
    name: str
    state: str
    segment: str | None
    industry: str | None
    region: str | None
    tier: str | None
    acquisition_source: str | None
    manager: str | None
    manager_name: str | None
    team: str | None
    team_name: str | None
    since: date | None
    mrr: float | None
    attributes: Mapping[str, str | None] = field(default_factory=dict)

    def shown(self, name: str) -> str:
        """A filter's value as people read it."""
        found = {"manager": self.manager_name, "team": self.team_name}.get(
            name, getattr(self, name, self.attributes.get(name))
        )
        return "Unknown" if found is None else str(found)

    def value(self, name: str) -> str | None:
        """A filter's value."""
        found = getattr(self, name) if name in FILTERS else self.attributes.get(name)
        return None if found is None else str(found)

    def holds(self, words: str) -> bool:
        """Whether every word stands in its name, its id or one of its attributes."""
        own = (
            self.name,
            self.id,
            self.segment,
            self.industry,
            self.region,
            self.tier,
            self.manager_name,
            self.team_name,
            *self.attributes.values(),
        )
        text = "\n".join(part for part in own if part).casefold()
        return all(word in text for word in words.casefold().split())


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to: words, a state, and values by filter (`unknown` is a value that
    nothing is known of).
    """

    words: str = ""
    state: str = ""
    values: tuple[tuple[str, str], ...] = ()

    def takes(self, account: ListedAccount) -> bool:
        """Whether an account is in it."""
        held = all((account.value(name) or UNKNOWN) == value for name, value in self.values)
        return (
            held and (not self.state or account.state == self.state) and account.holds(self.words)
        )


_LIST = f"""
WITH owner AS {OWNER},
  home AS (SELECT user_id, arg_max(team_id, valid_from) AS team_id FROM team_span
    WHERE valid_from <= $day GROUP BY 1),
  now AS (SELECT account_id, map(list(attribute), list(value)) AS held FROM attribute_span
    WHERE valid_from <= $day AND valid_to > $day GROUP BY 1),
  paying AS (SELECT DISTINCT account_id FROM {PAID_LINES} WHERE valid_from <= $day_subscriptions
    AND valid_to > $day_subscriptions)
SELECT a.id, coalesce(a.name, a.id) AS name,
  CASE WHEN p.account_id IS NOT NULL THEN 'active' WHEN f.day <= $day_subscriptions THEN 'lost'
    ELSE 'prospect' END AS state,
  now.held, o.user_id AS manager, u.name AS manager_name, h.team_id AS team, t.name AS team_name,
    f.day AS since
FROM live_accounts a LEFT JOIN owner o ON o.account_id = a.id LEFT JOIN users u ON u.id = o.user_id
LEFT JOIN home h ON h.user_id = o.user_id LEFT JOIN teams t ON t.id = h.team_id LEFT JOIN now
  ON now.account_id = a.id
LEFT JOIN first_paid f ON f.account_id = a.id LEFT JOIN paying p ON p.account_id = a.id
ORDER BY lower(a.name), a.id"""
_NAMED = ("segment", "industry", "region", "tier", "acquisition_source")


def accounts(sight: Sight) -> list[ListedAccount]:
    """Every account in sight, by name."""
    return sight.kept("accounts", lambda: _read(sight))


def _read(sight: Sight) -> list[ListedAccount]:
    mrr = {account: answer.value for account, answer in by_account(sight, "mrr_end").items()}
    made = []
    for row in rows(sight, _LIST):
        held = row.pop("held") or {}
        rest = {name: value for name, value in held.items() if name not in _NAMED}
        made.append(
            ListedAccount(
                **(row | {name: held.get(name) for name in _NAMED}),
                mrr=mrr.get(row["id"]),
                attributes=rest,
            )
        )
    return made


def attributes(sight: Sight) -> list[str]:
    """The names of the accounts' further attributes."""
    return sight.kept(
        "attributes",
        lambda: sorted({name for account in accounts(sight) for name in account.attributes}),
    )


def choices(sight: Sight, name: str) -> list[tuple[str, str]]:
    """The values that a filter can have among the accounts in sight, with their words."""
    found = {(account.value(name) or UNKNOWN): account.shown(name) for account in accounts(sight)}
    return sorted(found.items(), key=lambda pair: (pair[0] == UNKNOWN, pair[1].casefold()))


def ordered(
    found: Iterable[ListedAccount],
    key: str,
    columns: Mapping[str, Mapping[str, float]],
    *,
    downwards: bool = False,
) -> list[ListedAccount]:
    """The accounts by a column: of their own, or one of the figures given by account; what is not
    known comes last.
    """
    figures = columns.get(key)

    def cell(account: ListedAccount) -> float | str | None:
        if figures is not None:
            return figures.get(account.id)
        plain = (
            account.mrr
            if key == "mrr"
            else account.since.isoformat()
            if key == "since" and account.since
            else None
        )
        return (
            plain
            if key in {"mrr", "since"}
            else (account.name if key == "name" else account.shown(key)).casefold()
        )

    listed = list(found)
    known = sorted(
        (account for account in listed if cell(account) is not None),
        key=lambda account: (cell(account), account.id),
        reverse=downwards,
    )
    return [*known, *(account for account in listed if cell(account) is None)]


def named(sight: Sight, ids: Sequence[str]) -> dict[str, str]:
    """The names of accounts in sight."""
    wanted = set(ids)
    return {account.id: account.name for account in accounts(sight) if account.id in wanted}
