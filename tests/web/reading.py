"""Pages read as a person reads them, and what a role may see to compare them with."""

import re
from html import unescape

from tests.served import Served

from kampass.access import Role
from kampass.workspace.view import Sight

PERIOD = "2025-Q4"


def sight_of(served: Served, role: Role) -> Sight:
    person = served.people[role]
    user, team = served.workspace.sights.place_of(person.email, person.user_id, person.team_id)
    return served.workspace.sight(served.workspace.sights.scope_of(role, user, team))


def text_of(html: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))
