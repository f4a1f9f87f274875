"""Search: any account, KPI, page, dashboard or saved question, as a page and as what the palette
shows while one types.
"""

from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from kampass.server.rules import SIGNED_IN, Call
from kampass.web.pages.search.view import LONGEST, search_page
from kampass.web.rendering import PageHead, fragment, render

router = APIRouter()
Typed = Annotated[str, Query(max_length=LONGEST)]


@router.get("/palette")
def palette(call: Annotated[Call, Depends(SIGNED_IN)], q: Typed = "") -> Response:
    """What fits, for the palette."""
    return fragment(call, "pages/search/palette.html", search_page(call, q))


@router.get("/search")
def search(call: Annotated[Call, Depends(SIGNED_IN)], q: Typed = "") -> Response:
    """The same as a page."""
    page = PageHead("What are you looking for?", "Search")
    return render(call, "pages/search/page.html", page, search_page(call, q))
