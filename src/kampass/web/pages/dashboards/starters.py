"""Good dashboards to begin with, one for each reader; a copy belongs to whoever takes it."""

from dataclasses import dataclass
from functools import cache
from importlib import resources

import yaml

from kampass.access import NotFound, Role
from kampass.web.pages.dashboards.board import Board


@dataclass(frozen=True)
class Starter:
    """A dashboard to take a copy of: for whom it is, what it answers, and its tiles."""

    id: str
    name: str
    reader: str
    about: str
    roles: frozenset[Role]
    board: Board


@cache
def starters() -> tuple[Starter, ...]:
    """All of them, as `starters.yaml` lists them."""
    text = (resources.files("kampass.web.pages.dashboards") / "starters.yaml").read_text(
        encoding="utf-8"
    )
    return tuple(_starter(entry) for entry in yaml.safe_load(text))


def starter(starter_id: str) -> Starter:
    """One of them; NotFound where there is none."""
    for found in starters():
        if found.id == starter_id:
            return found
    raise NotFound("There is no such dashboard to start from.")


def for_role(role: Role) -> list[Starter]:
    """All of them, those for that role first."""
    return sorted(starters(), key=lambda found: role not in found.roles)


def _starter(entry: dict[str, object]) -> Starter:
    tiles = entry.pop("tiles")
    period = {"kind": "period", "period": entry.pop("period")}
    roles = entry.pop("roles")
    assert isinstance(tiles, list)
    assert isinstance(roles, list)
    named = [{"id": f"{tile['kind']}-{number}", **tile} for number, tile in enumerate(tiles, 1)]
    return Starter(
        **{name: str(value) for name, value in entry.items()},
        roles=frozenset(map(Role, roles)),
        board=Board.of([period, *named]),
    )
