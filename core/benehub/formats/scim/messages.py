"""SCIM's messages: a body becomes a user, a PATCH or PUT is applied to one, and a user becomes an answer.

What a client writes beyond the schemas is kept and told back (POST, PUT). A PATCH of what no schema declares is
refused: it could only be dropped. What is wrong raises an exception of scim2-models, which carries its own answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from scim2_models import (
    Context,
    Error,
    Meta,
    PatchOp,
    Resource,
    ResponseParameters,
    SCIMException,
    ScimPolicy,
    SearchRequest,
)

from benehub.formats.scim.resources import MAX_RESULTS, ScimUser

KEEP = ScimPolicy(unknown=ScimPolicy.Unknown.keep)
STRICT = ScimPolicy(
    remove_value_as_filter=ScimPolicy.RemoveValue.apply, unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create
)
"""For a PATCH. Entra ID names what a `remove` takes away in its value, and writes to entries that are not there yet."""

LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
SEARCH = {name.casefold(): name for name in (
    "filter", "sortBy", "sortOrder", "startIndex", "count", "attributes", "excludedAttributes"
)}  # fmt: skip


class Refused(SCIMException):
    """A refusal by a bare status."""

    def __init__(self, status: int, detail: str) -> None:
        self.status = status
        super().__init__(detail=detail)


@dataclass(frozen=True, slots=True)
class About:
    """What the service itself says of a user: id, version and when it was written."""

    id: str
    version: int
    created: datetime
    modified: datetime

    @property
    def etag(self) -> str:
        """The version as an entity tag."""
        return f'W/"{self.version}"'


def created(body: bytes) -> ScimUser:
    """The user that a POST brings."""
    return _read(body, Context.RESOURCE_CREATION_REQUEST)


def replaced(current: ScimUser, body: bytes) -> ScimUser | None:
    """The user after a PUT; None where nothing changes."""
    wanted = _read(body, Context.RESOURCE_REPLACEMENT_REQUEST)
    with KEEP:
        return wanted if wanted.replace(current) else None


def patched(current: ScimUser, body: bytes) -> ScimUser | None:
    """The user after a PATCH; None where nothing changes. `current` is changed with it."""
    try:
        operations = PatchOp[ScimUser].model_validate_json(
            body, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=STRICT
        )
    except ValidationError as error:
        raise _refusal(error) from None
    return current if operations.patch(current, scim_policy=STRICT) else None


def stored(user: ScimUser) -> dict[str, Any]:
    """A user as it is kept: as it was written, without a password and without what the service says itself."""
    with KEEP:
        told: dict[str, Any] = user.model_dump(mode="json")
    for name in ("password", "id", "meta"):
        told.pop(name, None)
    return told


def loaded(body: Mapping[str, Any], about: About) -> ScimUser:
    """A user as it was kept, with what the service says of it."""
    user = ScimUser.model_validate(dict(body), scim_policy=KEEP)
    user.id = about.id
    user.meta = Meta(resource_type="User", created=about.created, last_modified=about.modified, version=about.etag)
    return user


def shown(user: ScimUser, base: str, asked: ResponseParameters[Any] | None = None) -> dict[str, Any]:
    """A user as it is answered, with its address and what was asked for."""
    assert user.meta is not None
    user.meta.location = f"{base}/Users/{user.id}"
    with KEEP:
        told: dict[str, Any] = user.model_dump(
            mode="json", scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=asked
        )
    return told


def asked(query: Mapping[str, str]) -> ResponseParameters[Any]:
    """Which attributes a query asks for."""
    wanted = {name: query[name] for name in ("attributes", "excludedAttributes") if name in query}
    try:
        return ResponseParameters[ScimUser].model_validate(wanted)
    except ValidationError as error:
        raise _refusal(error) from None


def search(told: Any) -> SearchRequest[Any]:
    """A search by its parameters, its page bounded."""
    if not isinstance(told, Mapping):
        raise Refused(400, "A search is an object")
    wanted = {SEARCH[name.casefold()]: value for name, value in told.items() if name.casefold() in SEARCH}
    try:
        found = SearchRequest[ScimUser].model_validate(wanted, scim_ctx=Context.SEARCH_REQUEST)
    except ValidationError as error:
        raise _refusal(error) from None
    found.start_index = found.start_index or 1
    found.count = MAX_RESULTS if found.count is None else min(found.count, MAX_RESULTS)
    return found


def listing(total: int, start: int, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A page of a list."""
    told = {"schemas": [LIST], "totalResults": total, "startIndex": start, "itemsPerPage": len(rows)}
    return {**told, "Resources": rows}


def described(resource: Resource[Any], address: str) -> dict[str, Any]:
    """A resource that tells of the service itself, under its address."""
    told: dict[str, Any] = resource.model_dump(mode="json", scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    kind = {"resourceType": type(resource).__name__.partition("[")[0], "location": address}
    return {**told, "meta": kind}


def error(problem: SCIMException) -> dict[str, Any]:
    """An error's body, as RFC 7644 section 3.12 has it."""
    told: dict[str, Any] = problem.to_error().model_dump(mode="json")
    return told


def parsed(body: bytes) -> Any:
    """A body as JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise _syntax() from None


def _read(body: bytes, context: Context) -> ScimUser:
    try:
        return ScimUser.model_validate_json(body, scim_ctx=context, scim_policy=KEEP)
    except ValidationError as problem:
        raise _refusal(problem) from None


def _refusal(problem: ValidationError) -> SCIMException:
    told = Error.from_validation_errors(problem)[0]
    return SCIMException.from_error(told)


def _syntax() -> SCIMException:
    return SCIMException.from_error(Error(status=400, scim_type="invalidSyntax", detail="The body is no JSON"))
