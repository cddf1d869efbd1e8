"""`/api/v1/openapi.json`: the description that a stranger makes a client from, made of the routes themselves."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse

from benehub.api.v1 import declared
from benehub.api.v1.events import RunEvent
from benehub.api.v1.limits import CALLS, SECONDS
from benehub.api.v1.links import linked
from benehub.api.v1.models import Problem
from benehub.api.v1.problems import MEDIA
from benehub.api.v1.vocabulary import TAGS

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
    """The description of a router: what FastAPI makes of it, with the token, the errors, and what names mean."""
    app = FastAPI(title="benehub", version="1", description=ABOUT, openapi_url=None)
    app.include_router(router)
    made: dict[str, Any] = app.openapi()
    parts = made.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for name, model in (("Problem", Problem), ("RunEvent", RunEvent)):
        schemas[name] = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(schemas[name].pop("$defs", {}))
    parts.update(declared.parts())
    made["tags"] = [{"name": name, "description": text} for name, text in TAGS]
    made["security"] = [{"token": []}]
    declared.complete(app, made)
    declared.name_fields(schemas)
    linked({one["operationId"]: one for path in made["paths"].values() for one in path.values()})
    return declared.plain_names(made)
