"""The start: where a person's day begins depends on what they are here for."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import RedirectResponse

from kampass.access import Role
from kampass.server.rules import SIGNED_IN, Call

router = APIRouter()


@router.get("/")
def start(call: Annotated[Call, Depends(SIGNED_IN)]) -> RedirectResponse:
    """To one's own accounts, or to the whole."""
    return RedirectResponse(
        "/portfolio" if call.viewer.role is Role.ACCOUNT_MANAGER else "/overview"
    )
