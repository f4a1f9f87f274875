"""Errors over HTTP: problem+json (RFC 9457) with the stable codes of `docs/errors.md`; pages show
the same in words.

What is not ours to explain, a bug, is logged under a number and answered with that number and
nothing else.
"""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from kampass.engine.plain import Json, Plain
from kampass.errors import KampassError
from kampass.store.trouble import named

log = logging.getLogger("kampass")
MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True)
class Problem(Plain):
    """What went wrong (RFC 9457), with a stable `code`.

    `type` leads to the page that explains the code.
    """

    type: Annotated[str, Json(made=lambda self: f"/docs/errors#{self.code}")] = field(
        init=False, repr=False, compare=False
    )
    title: Annotated[str, Json(made=lambda self: HTTPStatus(self.status).phrase)] = field(
        init=False, repr=False, compare=False
    )
    status: int
    code: str
    message: Annotated[str, Json("detail")]
    hint: str = ""
    retry_after: Annotated[int | None, Json(hidden=True)] = None


Shown = Callable[[Request, Problem], Response]


def as_json(_: Request, problem: Problem) -> Response:
    """The problem for a program."""
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == HTTPStatus.UNAUTHORIZED else {}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    return JSONResponse(problem.to_dict(), problem.status, headers, media_type=MEDIA_TYPE)


_OF_HTTP = {
    problem.status: problem
    for problem in (
        Problem(404, code="not_found", message="There is nothing here."),
        Problem(405, code="method_not_allowed", message="This cannot be done here."),
        Problem(413, code="too_large", message="That is more than is taken here."),
    )
}


def of(error: Exception) -> Problem:
    """What is said of an error."""
    error = error if isinstance(error, KampassError) else named(error) or error
    if isinstance(error, KampassError):
        return Problem(
            error.status, error.code, error.message, error.hint, getattr(error, "retry_after", None)
        )
    if isinstance(error, RequestValidationError):
        return Problem(
            422,
            code="bad_request",
            message=_invalid(error),
            hint="Compare the request with /api/v1/openapi.json.",
        )
    if isinstance(error, HTTPException):
        return _OF_HTTP.get(error.status_code) or Problem(
            error.status_code, code="bad_request", message=str(error.detail)
        )
    if isinstance(error, ClientDisconnect):
        return Problem(400, code="cut_off", message="The request was cut off.")
    number = secrets.token_hex(4)
    log.error("incident %s", number, exc_info=error)
    said = f"Something went wrong that is not your fault (incident {number})."
    return Problem(500, code="internal", message=said, hint="The server's log has more.")


def _invalid(error: RequestValidationError) -> str:
    """The first thing that does not fit, without what was sent."""
    first = error.errors()[0]
    return f"{'.'.join(str(part) for part in first['loc'] if part != 'body')}: {first['msg']}."
