"""Every error a person can meet: what was asked, what is wrong, what to do.

    KampassError
    ├── QuestionError     the question cannot be asked        exit code 2, HTTP 422
    │   └── UnknownName   a KPI, dimension or table that does not exist
    ├── DataError         the data or the workspace is in the way   exit code 3, HTTP 409
    ├── DefinitionError   a KPI file is wrong                 exit code 3, HTTP 422
    └── Busy              others were first                   exit code 3, HTTP 503

Anything else that is raised is a bug and may crash (exit code 1).
"""

from collections.abc import Iterable
from difflib import get_close_matches


def suggested(name: str, known: Iterable[str]) -> str:
    """A question for the name that is nearest to one that does not exist, if any is near.

    >>> suggested("chrun", ["churn", "nrr"])
    " Did you mean 'churn'?"
    """
    close = get_close_matches(name, list(known), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""


class KampassError(Exception):
    """An error with a stable code, a message in plain words and a way out."""

    exit_code = 3
    status = 500
    code = "error"

    def __init__(self, message: str, *, hint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if code:
            self.code = code

    def to_dict(self) -> dict[str, dict[str, str]]:
        """The error as the contract prints it with `--format json`."""
        return {"error": {"code": self.code, "message": self.message, "hint": self.hint}}


class KampassWarning(UserWarning):
    """Something a person should know that stands in nobody's way."""


class QuestionError(KampassError):
    """The question cannot be asked as it stands."""

    exit_code = 2
    status = 422
    code = "bad_question"


class UnknownName(QuestionError):  # noqa: N818 - reads as a sentence at the raise
    """A name that does not exist, with the nearest one that does."""

    status = 404
    code = "unknown_name"

    def __init__(self, kind: str, name: str, known: Iterable[str], *, hint: str = "") -> None:
        super().__init__(
            f"There is no {kind} called '{name}'.{suggested(name, known)}",
            hint=hint,
            code=f"unknown_{kind.lower().replace(' ', '_')}",
        )


class DataError(KampassError):
    """The data, or the workspace around it, is in the way of an answer."""

    status = 409
    code = "data"


class DefinitionError(KampassError):
    """A KPI definition breaks the language's rules."""

    status = 422
    code = "bad_definition"


class Busy(KampassError):  # noqa: N818 - reads as a sentence at the raise
    """Others are at it; `retry_after` seconds later there may be room."""

    status = 503
    code = "too_busy"

    def __init__(self, seconds: int) -> None:
        super().__init__(
            "Others are being served with something that takes long.",
            hint=f"Try again in {seconds} seconds.",
        )
        self.retry_after = seconds
