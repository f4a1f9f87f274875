"""Pages from templates: what every page gets, static files under names that change with their
content, problems in words.
"""

import hashlib
import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, unquote, urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, RedirectResponse, Response

from kampass.access import Role
from kampass.engine.answer import instant_text
from kampass.errors import KampassError
from kampass.server import problems
from kampass.server.problems import Problem
from kampass.server.rules import FILES, Call, takes_tokens
from kampass.web.parts import ink

STATIC = Path(__file__).parent / "static"
_FLASH = "kampass-flash"
_LONGEST_FLASH = 400
NAV = (
    ("My portfolio", "/portfolio", "portfolio", frozenset({Role.ACCOUNT_MANAGER, Role.TEAM_LEAD})),
    ("Overview", "/overview", "overview", frozenset(Role)),
    ("Accounts", "/accounts", "accounts", frozenset(Role)),
    ("Team", "/team", "team", frozenset(Role)),
    ("KPIs", "/catalogue", "kpis", frozenset(Role)),
    ("Dashboards", "/dashboards", "dashboards", frozenset(Role)),
    ("Data", "/data", "data", frozenset(Role)),
    ("Settings", "/settings", "settings", frozenset(Role)),
)

router = APIRouter()


@dataclass(frozen=True)
class Flash:
    """One sentence for the next page: what was done, and where that leads."""

    text: str
    kind: str = "good"
    href: str | None = None
    label: str = "Open"


@dataclass(frozen=True)
class PageHead:
    """A page's heading, its short name where that is another, and the address that is copied for
    colleagues.
    """

    question: str
    title: str = ""
    link: str = ""

    @property
    def name(self) -> str:
        """What the browser's tab says."""
        return self.title or self.question


@cache
def environment() -> Environment:
    """The templates; everything they print is escaped, and a name they misspell is an error."""
    made = Environment(
        loader=PackageLoader("kampass", "web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["static"] = static
    ink.equip(made)
    return made


def static(path: str) -> str:
    """The address of a static file, which changes when any of them does."""
    return f"/static/{_digest()}/{path}"


def render(
    call: Call,
    template: str,
    page: PageHead,
    view: object = None,
    *,
    status: int = 200,
) -> HTMLResponse:
    """A page from its template, which writes what `view` holds."""
    given = _surroundings(call.request, call) | {"page": page, "view": view}
    response = HTMLResponse(environment().get_template(template).render(given), status)
    if given["flash"]:
        response.delete_cookie(_FLASH, path="/")
    return response


def fragment(call: Call, template: str, view: object) -> HTMLResponse:
    """A part of a page, for one that is open."""
    given = {"view": view, "csrf": call.csrf}
    return HTMLResponse(environment().get_template(template).render(given))


def go(to: str, flash: str = "", *, kind: str = "good") -> RedirectResponse:
    """To another page after something was done, with a sentence about it."""
    response = RedirectResponse(to, HTTPStatus.SEE_OTHER)
    if flash:
        response.set_cookie(
            _FLASH,
            quote(f"{kind}:{flash}"[:_LONGEST_FLASH]),
            max_age=60,
            httponly=True,
            samesite="lax",
            path="/",
        )
    return response


def local(path: str | None, otherwise: str = "/") -> str:
    """The path where it leads to a page of ours, else another: nobody is sent elsewhere."""
    plain = path is not None and path.isascii() and path.isprintable() and "\\" not in path
    return (
        path
        if plain and path is not None and path.startswith("/") and not path.startswith("//")
        else otherwise
    )


def show(request: Request, found: Problem) -> Response:
    """A problem as whoever called understands it: JSON for programs, a page for people; who is not
    signed in is asked to.
    """
    if takes_tokens(request):
        return problems.as_json(request, found)
    if (
        found.status == HTTPStatus.UNAUTHORIZED
        and request.method == "GET"
        and "hx-request" not in request.headers
    ):
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(
            f"/sign-in?{urlencode({'next': back})}" if back != "/" else "/sign-in",
            HTTPStatus.SEE_OTHER,
        )
    call: Call | None = (
        getattr(request.state, "call", None)
        if found.status < HTTPStatus.INTERNAL_SERVER_ERROR
        else None
    )
    known = call is not None and call.person is not None
    given = _surroundings(request, call) | {
        "page": PageHead(found.title),
        "view": found,
    }
    headers = {} if found.retry_after is None else {"retry-after": str(found.retry_after)}
    return HTMLResponse(
        environment()
        .get_template("parts/page/error.html" if known else "pages/sign_in/error.html")
        .render(given),
        found.status,
        headers,
    )


@router.get("/static/{digest}/{path:path}", include_in_schema=False)
def static_file(digest: str, path: str, call: Annotated[Call, Depends(FILES)]) -> Response:
    """A static file; its address changes with its content, so browsers keep it."""
    file = (STATIC / path.replace("\0", "")).resolve()
    if STATIC not in file.parents or not file.is_file():
        raise HTTPException(HTTPStatus.NOT_FOUND)
    kept = "public, max-age=31536000, immutable" if digest == _digest() else "no-cache"
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    headers = {"cache-control": kept, "vary": "Accept-Encoding"}
    packed = file.with_name(file.name + ".gz")
    if "gzip" in call.request.headers.get("accept-encoding", "") and packed.is_file():
        return Response(
            packed.read_bytes(), media_type=kind, headers=headers | {"content-encoding": "gzip"}
        )
    return Response(file.read_bytes(), media_type=kind, headers=headers)


def _surroundings(request: Request, call: Call | None) -> dict[str, Any]:
    """What base.html needs, whoever looks."""
    person = call.person if call else None
    nav = [
        (label, href, icon, _leads_to(request.url.path, href))
        for label, href, icon, roles in NAV
        if person and person.role in roles
    ]
    return {
        "request": request,
        "nav": nav,
        "viewer": person,
        "csrf": call.csrf if call else "",
        "freshness": _freshness(call) if call and person else None,
        "flash": list(_flashes(request)),
    }


def _leads_to(path: str, href: str) -> bool:
    return (
        path == href
        or path.startswith(f"{href}/")
        or (href == "/catalogue" and path.startswith(("/kpis/", "/why/", "/bridge/")))
    )


def _freshness(call: Call) -> dict[str, str] | None:
    try:
        sight = call.sight
    except KampassError:
        return None
    zone = sight.settings.calendar.timezone
    return {
        "text": moment(sight.known_at, zone),
        "iso": instant_text(sight.known_at) or "",
        "snapshot": sight.snapshot_id,
        "zone": zone,
    }


def moment(instant: datetime, zone: str) -> str:
    """An instant as people of a time zone read it.

    >>> moment(datetime.fromisoformat("2026-01-03T09:12Z"), "Europe/Berlin")
    '3 Jan 2026, 10:12'
    """
    local_time = instant.astimezone(ZoneInfo(zone))
    return f"{local_time.day} {local_time:%b %Y, %H:%M}"


def _flashes(request: Request) -> Iterator[Flash]:
    kind, colon, text = unquote(request.cookies.get(_FLASH, "")).partition(":")
    if colon and kind in {"good", "bad", "info"}:
        yield Flash(text[:_LONGEST_FLASH], kind)


@cache
def _digest() -> str:
    digest = hashlib.sha256()
    for file in sorted(STATIC.rglob("*")):
        if file.is_file() and file.suffix != ".gz":
            digest.update(file.relative_to(STATIC).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]
