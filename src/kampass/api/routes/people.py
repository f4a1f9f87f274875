"""People: who calls, and for admins everybody who may sign in."""

from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query
from starlette.responses import JSONResponse, Response

from kampass.access import NotFound
from kampass.api import models
from kampass.engine.answer import instant_text
from kampass.people import Person
from kampass.server.rules import ADMINISTRATING, SIGNED_IN, Call

router = APIRouter(tags=["people"])
Admin = Annotated[Call, Depends(ADMINISTRATING)]
Number = Annotated[int, Path(ge=1, le=1 << 40)]


@router.get("/api/v1/me", response_model=models.Thing)
def me(call: Annotated[Call, Depends(SIGNED_IN)]) -> dict[str, Any]:
    """The caller: role, place in the data, how many accounts are theirs to see (null: all of
    them).
    """
    viewer = call.viewer
    seen = None if viewer.scope.accounts is None else len(viewer.scope.accounts)
    return {
        "id": viewer.person_id,
        "email": viewer.email,
        "name": viewer.name,
        "role": viewer.role,
        "user_id": viewer.user_id,
        "team_id": viewer.team_id,
        "accounts": seen,
    }


@router.get("/api/v1/people", response_model=models.Listed)
def people(call: Admin) -> dict[str, Any]:
    """Everybody who may sign in."""
    return {"items": [_person(person) for person in call.people.accounts.all()]}


@router.post("/api/v1/people", response_model=models.Thing, status_code=HTTPStatus.CREATED)
def add(person: models.PersonAdded, call: Admin) -> Response:
    """Add somebody; they sign in once an invitation gave them a password, or through the identity
    provider.
    """
    made = call.people.accounts.add(
        person.email, person.name, person.role, user_id=person.user_id, team_id=person.team_id
    )
    call.record("added a person", made.email, role=made.role)
    return JSONResponse(_person(made), HTTPStatus.CREATED)


@router.get("/api/v1/people/{person_id}", response_model=models.Thing)
def one(person_id: Number, call: Admin) -> dict[str, Any]:
    """One person."""
    found = call.people.accounts.get(person_id)
    if found is None:
        raise NotFound("There is no such person.")
    return _person(found)


@router.patch("/api/v1/people/{person_id}", response_model=models.Thing)
def change(
    person_id: Number,
    person: models.PersonChanged,
    call: Admin,
    end_tokens: Annotated[
        bool, Query(description="Whether another role or place ends their API tokens too.")
    ] = True,
) -> dict[str, Any]:
    """Change what is given; another role or place ends their sessions and, unless they are spared,
    their tokens: `ended` says how many.
    """
    given = person.model_dump(exclude_unset=True)
    kept = {
        name: value
        for name, value in given.items()
        if value is not None or name in {"user_id", "team_id"}
    }
    ended = call.people.accounts.change(person_id, call.ending(tokens=end_tokens), **kept)
    made = ended.person
    call.record(
        "changed a person", made.email, **{name: str(value) for name, value in kept.items()}
    )
    counts = {"sessions": ended.sessions, "tokens": ended.tokens, "kept": ended.kept}
    return _person(made) | {"ended": counts}


@router.delete("/api/v1/people/{person_id}", status_code=HTTPStatus.NO_CONTENT)
def remove(person_id: Number, call: Admin) -> None:
    """Remove a person: sessions and tokens end at once."""
    found = call.people.accounts.get(person_id)
    if found is None:
        raise NotFound("There is no such person.")
    call.people.accounts.remove(person_id, call.ending())
    call.record("removed a person", found.email)


def _person(person: Person) -> dict[str, Any]:
    return asdict(person) | {
        "created_at": instant_text(person.created_at),
        "last_seen_at": instant_text(person.last_seen_at),
    }
