"""Places in the data that somebody who signs in can have: the users and the teams that the sources
name.
"""

from dataclasses import dataclass

from kampass.book.today import rows
from kampass.workspace.view import Sight


@dataclass(frozen=True)
class Place:
    """A user or a team of the data; `email` is a user's, where it is known. `gone`: has left."""

    id: str
    name: str
    email: str | None = None
    gone: bool = False


_USERS = (
    "SELECT id, coalesce(name, id) AS name, email, coalesce(active_to <= $day, false) AS gone "
    "FROM users ORDER BY gone, lower(name), id"
)
_TEAMS = "SELECT id, coalesce(name, id) AS name FROM teams ORDER BY lower(name), id"


def users(sight: Sight) -> list[Place]:
    """Everybody whom the data names, those who left last."""
    return sight.kept("places of users", lambda: [Place(**row) for row in rows(sight, _USERS)])


def teams(sight: Sight) -> list[Place]:
    """Every team that the data names."""
    return sight.kept("places of teams", lambda: [Place(**row) for row in rows(sight, _TEAMS)])


def user_of(sight: Sight, email: str) -> Place | None:
    """The one user with that e-mail address."""
    found = [
        user for user in users(sight) if (user.email or "").casefold() == email.strip().casefold()
    ]
    return found[0] if len(found) == 1 else None
