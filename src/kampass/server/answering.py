"""How an answer travels: in the form that was asked for, with a tag that changes whenever the
answer might, in pieces of one snapshot.
"""

import base64
import hashlib
import json
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Depends, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kampass.errors import QuestionError
from kampass.render.files import Download
from kampass.server.rules import Call

Form = Literal["json", "csv", "parquet", "xlsx"]
MEDIA: Mapping[str, Form] = {
    "application/json": "json",
    "text/csv": "csv",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}
DOCUMENTED: dict[int | str, dict[str, Any]] = {
    200: {"content": {media: {} for media in MEDIA if media != "application/json"}}
}
MOST = 1000


def form_of(request: Request, asked: Form | None) -> Form:
    """The form that is asked for, by name or by the media type that the caller likes best; JSON
    otherwise.
    """
    if asked:
        return asked
    liked: list[tuple[float, Form]] = []
    for part in request.headers.get("accept", "").split(","):
        media, *parameters = (piece.strip() for piece in part.split(";"))
        if media in MEDIA:
            liked.append((_weight(parameters), MEDIA[media]))
    return max(liked, key=lambda pair: pair[0])[1] if liked else "json"


def _weight(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        if parameter.startswith("q="):
            try:
                return float(parameter[2:])
            except ValueError:
                return 0.0
    return 1.0


def tag(call: Call, *about: object) -> str:
    """A tag for whatever follows from the snapshot, the rules, the viewer's rights and the request
    alone.
    """
    request = call.request
    parts = (
        call.sight.version,
        call.viewer.role,
        request.url.path,
        sorted(request.query_params.multi_items()),
        request.headers.get("accept", ""),
        about,
    )
    return f'W/"{hashlib.sha256(repr(parts).encode()).hexdigest()[:32]}"'


def tagged(call: Call, make: Callable[[], Response], *about: object) -> Response:
    """The answer with its tag; nothing but the tag where the caller has that answer already."""
    mark = tag(call, *about)
    headers = {
        "etag": mark,
        "cache-control": "private, no-cache",
        "vary": "Cookie, Authorization, Accept",
    }
    known = [each.strip() for each in call.request.headers.get("if-none-match", "").split(",")]
    if mark in known:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    response = make()
    response.headers.update(headers)
    return response


def as_json(found: Any) -> Response:
    """JSON, as it is."""
    return JSONResponse(found)


def as_file(download: Download) -> Response:
    """A file with its name; nothing in it is taken for a page."""
    return Response(
        download.content,
        media_type=download.media_type,
        headers={"content-disposition": f'attachment; filename="{download.name}"'},
    )


@dataclass(frozen=True)
class Piece:
    """Which piece of a list is asked for; `snapshot` is the one that the first piece came from."""

    limit: int
    offset: int
    snapshot: str | None

    def page(
        self, request: Request, items: Sequence[Any], snapshot: str | None, *, more: bool
    ) -> dict[str, Any]:
        """The piece, and the address of the one after it."""
        following = None
        if more:
            after = (
                base64.urlsafe_b64encode(json.dumps([snapshot, self.offset + len(items)]).encode())
                .decode()
                .rstrip("=")
            )
            kept = [
                (name, value)
                for name, value in request.query_params.multi_items()
                if name != "after"
            ]
            following = f"{request.url.path}?{urlencode([*kept, ('after', after)])}"
        return {"items": list(items), "snapshot": snapshot, "next": following}


def _piece(
    limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
    after: Annotated[
        str | None, Query(max_length=200, description="from `next` of the piece before")
    ] = None,
) -> Piece:
    if after is None:
        return Piece(limit, 0, None)
    try:
        snapshot, offset = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
        if (
            (snapshot is None or isinstance(snapshot, str))
            and type(offset) is int
            and 0 <= offset < 1 << 40
        ):
            return Piece(limit, offset, snapshot)
    except (ValueError, TypeError, NotBase64, RecursionError):
        pass
    raise QuestionError(
        "The address of that piece is not right.",
        code="bad_piece",
        hint="Take it from 'next' of the piece before, as it stands.",
    )


Pieces = Annotated[Piece, Depends(_piece)]
