"""Search: any account, KPI, page, dashboard or saved question, as a page and as what the palette
shows while one types.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from kampass.server.rules import SIGNED_IN, Call
from kampass.web.pages.search.view import LONGEST, found
from kampass.web.rendering import fragment, render

router = APIRouter()
Typed = Annotated[str, Query(max_length=LONGEST)]


@router.get("/palette")
def palette(call: Annotated[Call, Depends(SIGNED_IN)], q: Typed = "") -> Response:
    """What fits, for the palette."""
    return fragment("pages/search/palette.html", groups=found(call, q), q=q)


@router.get("/search")
def search(call: Annotated[Call, Depends(SIGNED_IN)], q: Typed = "") -> Response:
    """The same as a page."""
    groups = found(call, q)
    return render(
        call,
        "pages/search/page.html",
        title="Search",
        question="What are you looking for?",
        groups=groups,
        q=q,
        count=sum(len(group["items"]) for group in groups),
    )
