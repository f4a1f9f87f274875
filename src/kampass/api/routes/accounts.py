"""Accounts: the list that the caller may see, and one of them whole."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import Response

from kampass.api import models
from kampass.book.account import dossier
from kampass.book.accounts import Wanted, accounts
from kampass.engine.answer import instant_text
from kampass.insight.explain.explanation import plain
from kampass.server.answering import Pieces, as_json, tagged
from kampass.server.rules import SIGNED_IN, Call

router = APIRouter(tags=["accounts"])
Reader = Annotated[Call, Depends(SIGNED_IN)]


@router.get("/api/v1/accounts", response_model=models.Page)
def listed(
    call: Reader,
    piece: Pieces,
    q: Annotated[
        str, Query(max_length=200, description="words that its name, id or an attribute holds")
    ] = "",
) -> Response:
    """The caller's accounts, by name."""

    def answer() -> Response:
        found = [account for account in accounts(call.sight) if Wanted(words=q).takes(account)]
        here = found[piece.offset : piece.offset + piece.limit]
        return as_json(
            piece.page(
                call.request,
                [plain(asdict(account)) for account in here],
                call.sight.snapshot_id,
                more=len(found) > piece.offset + len(here),
            )
        )

    return tagged(call, answer)


@router.get("/api/v1/accounts/{account}", response_model=models.Thing)
def one(account: Annotated[str, Path(max_length=400)], call: Reader) -> Response:
    """An account with its people, contracts, lines, goals, tickets and answers. One that is not the
    caller's to see is not there.
    """
    found = dossier(call.sight, account)
    call.record("looked at", account)
    clock = {"snapshot": call.sight.snapshot_id, "known_at": instant_text(call.sight.known_at)}
    return tagged(call, lambda: as_json(plain(asdict(found)) | clock))
