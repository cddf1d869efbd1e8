"""`/api/v1/openapi.json`: the description that a stranger makes a client from, made of the routes themselves."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse

from benehub.api.v1.limits import CALLS, SECONDS
from benehub.api.v1.links import linked
from benehub.api.v1.models import Problem
from benehub.api.v1.problems import MEDIA

ERRORS: Final = {
    "400": "The body is no JSON.",
    "401": "Nobody we know: send a token.",
    "403": "The caller's roles do not allow it.",
    "404": "There is no such thing, or none that the caller may see.",
    "408": "The body took too long to come.",
    "409": "It cannot be done as things stand: the configuration or a person comes first.",
    "412": "Somebody else has changed it since it was looked at; `changed` names what.",
    "413": "The body is too large.",
    "422": "The request does not fit its description, or what was given cannot be taken.",
    "429": "Too many calls; `Retry-After` says for how long to wait.",
    "503": "Not now; `Retry-After` says when.",
}
"""Errors by status; which of them an operation may give is worked out from what it is."""

ABOUT: Final = f"""\
What an employer's hub knows and does. Lists are paged by `cursor`. Every write carries an `Idempotency-Key`: the same
key with the same content gives the first result. What two people may edit has an `ETag`, to be given as `If-Match`.
Long work is answered 202 with the `Location` of a run to follow. Errors are `{MEDIA}` with the mend. A caller has
{CALLS} calls within any {SECONDS} seconds, whichever process answers them. Amounts are decimal text in the unit that
stands beside them."""


def describe(router: APIRouter) -> None:
    """Add the description of a router to it."""

    @lru_cache(maxsize=1)
    def made() -> dict[str, Any]:
        return document(router)

    @router.get("/openapi.json", include_in_schema=False)
    def openapi() -> JSONResponse:
        """What may be called, as OpenAPI 3.1."""
        return JSONResponse(made())


def document(router: APIRouter) -> dict[str, Any]:
    """The description of a router: what FastAPI makes of it, with the token and the errors."""
    app = FastAPI(title="benehub", version="1", description=ABOUT, openapi_url=None)
    app.include_router(router)
    made: dict[str, Any] = app.openapi()
    parts = made.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schemas["Problem"].pop("$defs", {}))
    parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "description": "An API token."}}
    parts["responses"] = {
        f"Problem{status}": {
            "description": text, "content": {MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, text in ERRORS.items()
    }  # fmt: skip
    made["security"] = [{"token": []}]
    for path in made["paths"].values():
        for method, operation in path.items():
            _complete(method, operation)
    linked({one["operationId"]: one for path in made["paths"].values() for one in path.values()})
    return made


def _complete(method: str, operation: dict[str, Any]) -> None:
    """Say which errors an operation may give."""
    possible = {"401", "403", "404", "408", "409", "413", "422", "429", "503"}
    if "requestBody" in operation:
        possible.add("400")
    if any(one["name"].lower() == "if-match" for one in operation.get("parameters", ())):
        possible.add("412")
    responses = operation["responses"]
    responses.pop("422", None)
    for status in sorted(possible):
        responses[status] = {"$ref": f"#/components/responses/Problem{status}"}
    operation["responses"] = dict(sorted(responses.items()))
