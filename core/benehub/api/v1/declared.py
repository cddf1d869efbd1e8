"""What the description says of every operation beside what FastAPI makes of its route: who may call it, the headers of
its answers, the errors it may give, and the words and examples of what recurs.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from benehub.api.guard import Needs
from benehub.api.v1.models import Kind, Problem
from benehub.api.v1.problems import MEDIA, MENDS
from benehub.api.v1.route import FILE
from benehub.api.v1.vocabulary import FIELDS, PARAMETERS

ERRORS: Final[Mapping[int, tuple[Kind, str]]] = {
    400: ("request", "The body is no JSON."),
    401: ("access", "Nobody we know: send a token."),
    403: ("access", "The caller's roles do not allow it."),
    404: ("request", "There is no such thing, or none that the caller may see."),
    408: ("request", "The body took too long to come."),
    409: (
        "fatal",
        "It cannot be done as things stand: the configuration (`fatal`) or a person (`needs_person`) comes first.",
    ),
    412: ("needs_person", "Somebody else has changed it since it was looked at; `changed` names what."),
    413: ("request", "The body is too large."),
    415: ("request", "The body has to be the file itself, not a form or a text around it."),
    422: (
        "data",
        "The request does not fit its description (`request`), what was given cannot be taken (`data`), or it cannot "
        "be done here (`ignorable`).",
    ),
    429: ("retriable", "Too many calls; `Retry-After` says for how long to wait."),
    503: ("retriable", "Not now; `Retry-After` says when."),
}  # fmt: skip
"""Kind and meaning of the errors by status; which of them an operation may give is worked out from what it is."""

HEADERS: Final = {
    "ETag": ("The version that the answer shows, to be given as `If-Match`.", '"3f9a1b2c-77ab01de"'),
    "Location": (
        "Where the run is followed; left out where none was begun.",
        "/api/v1/employers/acme/runs/run_aaaaaaaaaaaaaaaaaaaaaaaa",
    ),
    "Idempotency-Replayed": ("`true` on an answer that was given before to the same key.", "true"),
    "Retry-After": ("Seconds to wait before the same is sent again.", "5"),
    "WWW-Authenticate": ("`Bearer`: a token is what lets a caller in.", "Bearer"),
    "Content-Disposition": ("`attachment`: it is to be kept, not shown.", "attachment"),
}
"""Meaning and example of the headers that answers may have."""

_OF_ERRORS: Final = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}


def parts() -> dict[str, Any]:
    """What operations refer to: the errors, the headers, and how a caller shows who he is."""
    return {
        "securitySchemes": {
            "token": {
                "type": "http", "scheme": "bearer",
                "description": "An API token (`Authorization: Bearer bhb_...`); its scopes and the roles of its user "
                               "name permissions. Each operation names the one that it needs.",
            }
        },
        "headers": {
            name: {"description": text, "schema": {"type": "string", "examples": [example]}}
            for name, (text, example) in HEADERS.items()
        },
        "responses": {f"Problem{status}": _error(status, *told) for status, told in ERRORS.items()},
    }  # fmt: skip


def _error(status: int, kind: Kind, text: str) -> dict[str, Any]:
    title = HTTPStatus(status).phrase
    mend = MENDS.get(status, "Do as the text of the error says")
    shown = Problem(type=f"urn:benehub:problem:{kind}", title=title, status=status, detail=text, kind=kind, mend=mend)
    content = {"schema": {"$ref": "#/components/schemas/Problem"}, "example": shown.model_dump()}
    told: dict[str, Any] = {"description": text, "content": {MEDIA: content}}
    return told | ({"headers": _headers(_OF_ERRORS[status])} if status in _OF_ERRORS else {})


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def complete(app: FastAPI, made: dict[str, Any]) -> None:
    """Say of every operation what its route does not say itself."""
    operations = {one["operationId"]: (method, one) for path in made["paths"].values() for method, one in path.items()}
    for route, operation_id in _routes(app):
        if operation_id in operations:
            method, operation = operations[operation_id]
            _say(route, operation)
            _answers(method, route, operation)
            _failures(operation)


def _routes(app: FastAPI) -> Iterator[tuple[Any, str]]:
    for route in iter_route_contexts(app.routes):
        operation_id = getattr(route, "operation_id", None)
        if operation_id:
            yield route, operation_id


def _say(route: Any, operation: dict[str, Any]) -> None:
    """Its heading, whom it lets in, and its parameters."""
    operation["summary"] = operation["operationId"].replace("_", " ").capitalize()
    for needs in (one.call for one in route.dependant.dependencies if isinstance(one.call, Needs)):
        operation["security"] = [{"token": [str(needs.permission)]}]
        operation["description"] += f"\n\nNeeds the permission `{needs.permission}`."
    for one in operation.get("parameters", ()):
        text, example = PARAMETERS.get(one["name"], ("", None))
        schema = one["schema"]
        if not one.get("description") and text:
            one["description"] = text
        schema.pop("description", None)
        schema.pop("title", None)
        if example is not None and not _shows(one):
            schema["examples"] = [example]


def _shows(parameter: Mapping[str, Any]) -> bool:
    """Whether it is said what a value looks like."""
    return any(f'"{name}":' in json.dumps(parameter) for name in ("examples", "example", "enum", "items", "$ref"))


def _answers(method: str, route: Any, operation: dict[str, Any]) -> None:
    """The headers of what it answers where all is well, and what that is.

    Who writes headers of his own has the answer as a parameter: a version is told there, or where a run is followed.
    """
    written = "response" in inspect.signature(route.endpoint).parameters
    for status, answer in operation["responses"].items():
        if not status.startswith("2"):
            continue
        names = ["Location" if status == "202" else "ETag"] if written else []
        names += ["Idempotency-Replayed"] if method != "get" else []
        if "application/octet-stream" in answer.get("content", {}):
            names.append("Content-Disposition")
        if names:
            answer["headers"] = _headers(*names)
        if answer["description"] == "Successful Response":
            answer["description"] = _DONE[status]


_DONE: Final = {
    "200": "What was asked for, or what it is like now.",
    "201": "What was made.",
    "202": "It is begun, or waits for a worker.",
    "204": "It is done; there is nothing to tell.",
}


def _failures(operation: dict[str, Any]) -> None:
    """Say which errors it may give."""
    possible = set(ERRORS) - {400, 412, 415}
    if "requestBody" in operation:
        possible.add(400)
        possible |= {415} if FILE in operation["requestBody"]["content"] else set()
    if any(one["name"].lower() == "if-match" for one in operation.get("parameters", ())):
        possible.add(412)
    responses = operation["responses"]
    responses.pop("422", None)
    for status in sorted(possible):
        responses[str(status)] = {"$ref": f"#/components/responses/Problem{status}"}
    operation["responses"] = dict(sorted(responses.items()))


def name_fields(schemas: Mapping[str, dict[str, Any]]) -> None:
    """Say of every field without a text of its own what its name means."""
    for schema in schemas.values():
        for name, field in schema.get("properties", {}).items():
            if not field.get("description") and name in FIELDS:
                field["description"] = FIELDS[name]


def plain_names(made: dict[str, Any]) -> dict[str, Any]:
    """The same with names of pages that a program can be made of: `PersonPage` for `Page_Person_`."""
    plain = re.sub(r"\bPage_([A-Za-z]+?)(?:Told)?_(?![A-Za-z])", r"\1Page", json.dumps(made))
    told: dict[str, Any] = json.loads(plain)
    for name, schema in told["components"]["schemas"].items():
        if name.endswith("Page") and not schema.get("description"):
            schema["description"] = "A page of a list."
            schema["title"] = name
    return told
