"""The style guide: every part of a page once, with invented data, for those who build pages."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from kampass.server.rules import SIGNED_IN, Call
from kampass.web.pages.styleguide.view import StyleGuide
from kampass.web.rendering import PageHead, render

router = APIRouter()


@router.get("/styleguide")
def show(call: Annotated[Call, Depends(SIGNED_IN)]) -> Response:
    """The page."""
    page = PageHead("What are the parts of a page, and how do they look?", "Style guide")
    return render(call, "pages/styleguide/page.html", page, StyleGuide())
