"""A question as an address spells it: a query parameter for each part, in the same words as the
command line's options.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from fastapi import Depends, Query

from kampass.engine.question import ENDS, PARTS
from kampass.engine.words import Spelling, parameters, signed, spelled


@dataclass(frozen=True)
class QuestionWords:
    """The words of a question, but for its KPIs, as they came."""

    words: Mapping[str, Any]

    def at(self, snapshot: str | None) -> "QuestionWords":
        """The same from the snapshot of the piece before, where the question names no clock."""
        clocked = any(self.words.get(name) for name, part in PARTS.items() if part.clock)
        if snapshot is None or clocked:
            return self
        return replace(self, words={**self.words, "snapshot": snapshot})

    @property
    def recorded(self) -> dict[str, Any]:
        """The words for the audit log, without those that say nothing."""
        return {name: value for name, value in self.words.items() if value}


def _asked(**words: Any) -> QuestionWords:
    return QuestionWords(words)


def _ends(
    *,
    before_known_at: Annotated[str | None, Query(max_length=40)] = None,
    before_snapshot: Annotated[str | None, Query(max_length=64)] = None,
    **words: Any,
) -> QuestionWords:
    return QuestionWords(
        {**words, "before_known_at": before_known_at, "before_snapshot": before_snapshot}
    )


def _query(_: str, part: Spelling) -> Any:
    said = part.phrase if part.description is None else part.description
    query = Query(max_length=part.most or part.longest, description=said or None)
    kind: Any = Literal[part.choices] if part.choices else bool if part.switch else str
    kind = list[kind] if part.most else kind
    return Annotated[kind if part.required or part.switch else kind | None, query]


def _end(name: str, part: Spelling) -> Any:
    """The same of both periods; the path says what they are."""
    return _query(name, replace(part, most=part.most and _MOST, description=""))


_MOST = 20
Question = Annotated[QuestionWords, Depends(signed(_asked, parameters(PARTS, _query)))]
Ends = Annotated[QuestionWords, Depends(spelled(_ends, parameters(ENDS, _end)))]
