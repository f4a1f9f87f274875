"""The API's description of itself, in OpenAPI: every route with every answer it may give."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.responses import Response

from kampass.api import models
from kampass.server.answering import as_json
from kampass.server.problems import MEDIA_TYPE, Problem
from kampass.server.rules import SIGNED_IN, Call, rule_of
from kampass.version import VERSION

router = APIRouter(tags=["description"])
ROOT = "/api/v1/"
_SAID = {
    "400": "The request cannot be read.",
    "401": "Nobody is signed in.",
    "403": "The role, or the token, does not allow it.",
    "404": "It does not exist, or is not yours to see.",
    "409": "The data, or what is there already, is in the way.",
    "413": "More was sent than is taken.",
    "422": "The question cannot be asked as it stands.",
    "429": "Too many requests; Retry-After says how long to wait.",
}


@router.get(f"{ROOT}openapi.json")
def description(call: Annotated[Call, Depends(SIGNED_IN)]) -> Response:
    """This description."""
    return as_json(
        openapi([route for route in call.request.app.routes if isinstance(route, APIRoute)])
    )


def openapi(routes: list[APIRoute]) -> dict[str, Any]:
    """The description of the routes under `/api/v1`, with the problems that each may answer
    with.
    """
    own = [route for route in routes if route.path.startswith(ROOT)]
    about = (
        "Every account-management KPI, explained down to its rows. Questions are spelled as on "
        "the command line."
    )
    made = get_openapi(title="Kampass", version=VERSION, description=about, routes=own)
    parts = made.setdefault("components", {})
    parts["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token from the page Settings.",
        }
    }
    parts.setdefault("schemas", {})["Problem"] = models.DESCRIBED[Problem].model_json_schema()
    made["security"] = [{"token": []}]
    problem = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    rules = {
        (method.lower(), route.path): rule_of(route)
        for route in own
        for method in route.methods or ()
    }
    for schema in parts["schemas"].values():
        _unfold(schema)
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _unfold(operation)
            operation["responses"] |= {
                code: {"description": said} | problem for code, said in _SAID.items()
            }
            if method == "get":
                operation["responses"]["304"] = {
                    "description": "The caller has this answer already."
                }
            rule = rules.get((method, path))
            if rule is not None and rule.roles is not None:
                operation["x-roles"], operation["x-scope"] = sorted(rule.roles), rule.scope
    return made


def _unfold(described: dict[str, Any]) -> None:
    """A docstring's lines as the one sentence that they are."""
    if "description" in described:
        described["description"] = " ".join(described["description"].split())
