"""The questions asked lately, and for whom: what is asked again as soon as something else is
published.
"""

import threading
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from kampass.access import Role, Scope
from kampass.engine import Question

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Place = tuple[Role, str | None, str | None]
"""A role, a user and a team: whoever has these sees the same accounts, and others after another
load.
"""

_QUESTIONS, _SCOPES = 400, 1000


class Lately:
    """A bounded list, the latest first; who sees everything has no place."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked: OrderedDict[tuple[Place | None, Question], None] = OrderedDict()
        self._places: OrderedDict[str, Place] = OrderedDict()

    def know(self, scope: Scope, place: Place) -> None:
        """Whose scope this is."""
        with self._lock:
            self._places[scope.key] = place
            self._places.move_to_end(scope.key)
            while len(self._places) > _SCOPES:
                self._places.popitem(last=False)

    def remember(self, scope: Scope, question: Question) -> None:
        """A question was asked; one whose asker nobody knows is not asked again."""
        with self._lock:
            place = self._places.get(scope.key)
            if place is None and not scope.everything:
                return
            self._asked[place, question] = None
            self._asked.move_to_end((place, question))
            while len(self._asked) > _QUESTIONS:
                self._asked.popitem(last=False)

    def questions(self) -> list[tuple[Place | None, Question]]:
        """What was asked, the latest first."""
        with self._lock:
            return list(reversed(self._asked))

    def save(self, file: Path) -> None:
        """Write down what was asked, for the next process."""
        part = file.with_name(f"{file.name}.part")
        part.write_bytes(_form().dump_json(self.questions()))
        part.replace(file)

    def recall(self, file: Path) -> None:
        """Take over what another process wrote down; nothing where that cannot be read."""
        with suppress(OSError, ValueError):
            kept = _form().validate_json(file.read_bytes())
            with self._lock:
                self._asked.update(dict.fromkeys(reversed(kept[:_QUESTIONS])))


def _form() -> "TypeAdapter[list[tuple[Place | None, Question]]]":
    from pydantic import TypeAdapter

    return TypeAdapter(list[tuple[Place | None, Question]])
