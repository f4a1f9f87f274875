"""Saved questions: the address of a page with its whole question, under a name of one's own."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Path
from starlette.responses import Response

from kampass.library.saved import LONGEST_NAME, LONGEST_QUERY
from kampass.server.rules import SIGNED_IN, WRITING, Call
from kampass.web.pages.saved.view import saved_list
from kampass.web.rendering import PageHead, go, local, render

router = APIRouter()
Writer = Annotated[Call, Depends(WRITING)]
Number = Annotated[int, Path(ge=1, le=1 << 40)]
Name = Annotated[str, Form(max_length=LONGEST_NAME)]
PATH = "/saved"


@router.get(PATH)
def listed(call: Annotated[Call, Depends(SIGNED_IN)]) -> Response:
    """One's own."""
    page = PageHead("Which questions do I ask again?", "Saved questions")
    return render(call, "pages/saved/page.html", page, saved_list(call))


@router.post(PATH)
def save(
    call: Writer, name: Name, query: Annotated[str, Form(max_length=LONGEST_QUERY)]
) -> Response:
    """Keep a question; one that leads elsewhere is refused."""
    assert call.person is not None
    made = call.library.saved.add(call.person, name, query)
    call.record("saved a question", str(made.id), name=made.name)
    return go(local(made.query), f"Saved as '{made.name}'. Ctrl K finds it.")


@router.post("/saved/{number}")
def rename(number: Number, call: Writer, name: Name) -> Response:
    """Give it another name."""
    assert call.person is not None
    made = call.library.saved.rename(number, call.person, name)
    call.record("renamed a saved question", str(number), name=made.name)
    return go(PATH, f"It is called '{made.name}' now.")


@router.post("/saved/{number}/remove")
def remove(number: Number, call: Writer) -> Response:
    """Forget it."""
    assert call.person is not None
    call.library.saved.remove(number, call.person)
    call.record("removed a saved question", str(number))
    return go(PATH, "The question is forgotten.")
